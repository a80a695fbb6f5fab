/** What one run of the repetitions took. */
export interface Took { readonly seconds: number; readonly cpuSeconds: number }

/** One number that a scenario reports: the result of every run, never an average alone. */
export interface Measure {
  readonly what: string
  /** 'ms', 's', 'MB', 'pods/s' … */
  readonly unit: string
  readonly runs: readonly number[]
  /** CPU seconds of each run, where a busy machine would blur the time on the clock. */
  readonly cpu?: readonly number[]
  /** The same measured on a peer in the same run: the table shows the ratio. */
  readonly beside?: { readonly what: string; readonly runs: readonly number[] }
  /** What is to be reached, in words: '≤ 50 ms'. */
  readonly aim?: string
}

export interface Scenario {
  readonly name: string
  readonly about: string
  /** Why it can't run here; undefined when it can. */
  readonly skip?: () => string | undefined
  run(): Promise<readonly Measure[]>
}

/** Runs something once, on the clock and on the CPU of this process. */
export async function took(act: () => unknown): Promise<Took> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  await act()
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
  return { seconds, cpuSeconds: (used.user + used.system) / 1e6 }
}

/** Runs something several times, one after another. */
export async function repeat(times: number, act: (run: number) => Promise<Took> | Took): Promise<readonly Took[]> {
  const all: Took[] = []
  for (let run = 0; run < times; run++) all.push(await act(run))
  return all
}

/** `count` things in each run, as things a second. */
export const rateOf = (count: number, runs: readonly Took[]): Pick<Measure, 'runs' | 'cpu'> => ({ runs: runs.map(({ seconds }) => count / seconds), cpu: runs.map(({ cpuSeconds }) => cpuSeconds) })
export const secondsOf = (runs: readonly Took[]): Pick<Measure, 'runs' | 'cpu'> => ({ runs: runs.map(({ seconds }) => seconds), cpu: runs.map(({ cpuSeconds }) => cpuSeconds) })
export const millisecondsOf = (runs: readonly Took[]): Pick<Measure, 'runs'> => ({ runs: runs.map(({ seconds }) => seconds * 1000) })

export const median = (values: readonly number[]): number => quantile(values, 0.5)
/** The value below which this part of them lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

/** Heap in use after a collection, in megabytes. Needs --expose-gc. */
export function heapMegabytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1e6
}
