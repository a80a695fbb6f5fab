export type Cancel = () => void
export type Lane = 'requests' | 'kubelets' | 'scheduler' | 'controllers' | 'background'

/** The only thing that runs anything. A step does a bounded piece of work and says whether there is more. */
export interface Loop {
  add(lane: Lane, step: () => boolean): Cancel
  /** Marks a lane runnable; runs nothing. */
  ring(lane: Lane): void
}
