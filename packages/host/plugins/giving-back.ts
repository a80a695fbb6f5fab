export interface GivingBack {
  /** Who holds something. */
  readonly pods: () => Iterable<string>
  /** Rejects where it is to be tried again. */
  readonly giveBack: (pod: string) => Promise<void>
  /** What is given back, as troubles call it. */
  readonly what: string
  readonly onTrouble: (message: string) => void
}

/** Gives back, one after the other, what pods hold that are here no more. Who is at it still is not sent again, and what hinders is told once, until it is something else. */
export function givingBack({ pods, giveBack, what, onTrouble }: GivingBack): (isHere: (pod: string) => boolean) => Promise<void> {
  const told = new Map<string, string>()
  let busy: Promise<void> | undefined
  async function look(isHere: (pod: string) => boolean): Promise<void> {
    const held = new Set(pods())
    for (const pod of told.keys()) if (!held.has(pod)) told.delete(pod)
    for (const pod of held) {
      if (isHere(pod)) continue
      await giveBack(pod).then(() => { told.delete(pod) }, (error: Error) => {
        if (told.get(pod) === error.message) return
        told.set(pod, error.message)
        onTrouble(`${what} of pod ${pod}: ${error.message}`)
      })
    }
  }
  return (isHere) => (busy ??= look(isHere).finally(() => { busy = undefined }))
}
