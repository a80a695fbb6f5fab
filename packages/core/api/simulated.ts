// How simulated nodes are known by those who look at Node objects.

/** Label and annotation 'true' on a node that is simulated: its lease is renewed seldom, and it is alive unless it is marked as failed. */
export const simulatedMark = 'skiff.dev/simulated'

/** Annotation on a simulated node that was made to fail, an RFC 3339 instant: its kubelet is silent since then, as if its lease had last been renewed at that instant. */
export const failedAtMark = 'skiff.dev/failed-at'

/** The instant since which a simulated node is silent; undefined while it is alive or when it is no simulated node. */
export function silentSince(node: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }): number | undefined {
  const since = Date.parse(node.metadata.annotations?.[failedAtMark] ?? '')
  return Number.isNaN(since) ? undefined : since
}

/** Whether a node is simulated. */
export const isSimulated = (node: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>>; readonly labels?: Readonly<Record<string, string>> } }): boolean =>
  node.metadata.annotations?.[simulatedMark] === 'true' || node.metadata.labels?.[simulatedMark] === 'true'

/** Annotations by which pods on simulated nodes are told how they live. */
export const scriptPrefix = 'skiff.dev/'

/** What a pod's script says of one thing: for this container alone ('skiff.dev/NAME.CONTAINER'), else for all of them. */
export const scriptEntry = (annotations: Readonly<Record<string, string>> | undefined, name: string, container: string): string | undefined =>
  annotations?.[`${scriptPrefix}${name}.${container}`] ?? annotations?.[`${scriptPrefix}${name}`]
