/** A pod that runs here, and where its numbers stand. */
export interface MeasurablePod {
  readonly uid: string
  readonly node: string
  readonly namespace: string
  readonly name: string
  /** The control group above those of its containers. */
  readonly cgroup: string
  readonly startedAt: number
  /** It uses its node's network: nothing of it is the pod's own. */
  readonly hostNetwork: boolean
  readonly containers: readonly MeasurableContainer[]
  /** `own`: a directory on the node's disk that dies with the pod. */
  readonly volumes: readonly MeasurableVolume[]
}
/** `told`: what its keeper counts of it, as far as it does; undefined where it has none. */
export interface MeasurableVolume { readonly name: string; readonly path: string; readonly own: boolean; readonly told?: () => Promise<VolumeTold | undefined> }
interface Counted { readonly available: number; readonly total: number; readonly used: number }
export interface VolumeTold { readonly bytes?: Counted; readonly inodes?: Counted }
export interface MeasurableContainer {
  readonly name: string
  readonly id: string
  readonly image: string
  readonly attempt: number
  readonly cgroup: string
  readonly process: number
  readonly startedAt: number
  /** What it changed of its root, and its logs. */
  readonly changes: string
  readonly log: string
}
