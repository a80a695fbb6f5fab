// Which of several images is for this machine. Rules: containerd's default platform.

export interface Platform { readonly architecture: string; readonly os: string; readonly variant?: string }

/** As images name this machine's kind of processor. */
export const architecture = process.arch === 'x64' ? 'amd64' : process.arch

/** Variants that run where the first does, the best first. */
const variants: Readonly<Record<string, readonly string[]>> = { amd64: ['', 'v1'], arm64: ['', 'v8'], arm: ['v7', '', 'v6', 'v5'] }

/** The one for this machine, if there is one: of several variants the best that runs everywhere; one that says nothing of platforms is for all. */
export function forPlatform<Entry extends { readonly platform?: Platform }>(entries: readonly Entry[], machine = architecture): Entry | undefined {
  const ranked = entries.flatMap((entry) => { const rank = rankOf(entry.platform, machine); return rank === undefined ? [] : [{ entry, rank }] })
  return ranked.reduce<(typeof ranked)[number] | undefined>((best, each) => (best === undefined || each.rank < best.rank ? each : best), undefined)?.entry
}

function rankOf(platform: Platform | undefined, machine: string): number | undefined {
  if (platform === undefined) return 100
  if (platform.os !== 'linux' || platform.architecture !== machine) return undefined
  const rank = (variants[machine] ?? ['']).indexOf(platform.variant ?? '')
  return rank === -1 ? undefined : rank
}
