// Metrics as Prometheus reads them: a family of series, and how long things took, counted by bounds.

/** One metric as Prometheus reads it; nothing when it has no series. A series is its labels in braces and its value. */
export function family(name: string, type: 'counter' | 'gauge' | 'histogram', help: string, series: readonly string[]): string {
  if (series.length === 0) return ''
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${series.map((line) => `${name}${line}\n`).join('')}`
}

interface Series { readonly buckets: number[]; sum: number; count: number }

/** Durations in seconds, or other amounts, counted apart by labels ('a="b",c="d"'). Labels that are new beyond `seriesMax` are not counted. */
export class Durations {
  readonly #bounds: readonly number[]
  readonly #seriesMax: number
  readonly #series = new Map<string, Series>()

  constructor(bounds: readonly number[], seriesMax = 1_000) {
    this.#bounds = bounds
    this.#seriesMax = seriesMax
  }

  took(labels: string, seconds: number): void {
    let series = this.#series.get(labels)
    if (series === undefined) {
      if (this.#series.size >= this.#seriesMax) return
      this.#series.set(labels, (series = { buckets: this.#bounds.map(() => 0), sum: 0, count: 0 }))
    }
    const at = this.#bounds.findIndex((bound) => seconds <= bound)
    if (at >= 0) series.buckets[at] = (series.buckets[at] ?? 0) + 1
    series.sum += seconds
    series.count++
  }

  /** The histogram of a name; nothing when nothing took place. `told`: which bounds are told, where that is not all; `labelled`: the labels, where what was counted by are none. */
  text(name: string, help: string, told: (bound: number) => boolean = () => true, labelled = (labels: string): string => labels): string {
    return family(name, 'histogram', help, [...this.#series].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([labels, series]) => this.#lines(labelled(labels), series, told)))
  }

  #lines(labels: string, { buckets, sum, count }: Series, told: (bound: number) => boolean): readonly string[] {
    const before = labels === '' ? '' : `${labels},`
    const own = labels === '' ? '' : `{${labels}}`
    let below = 0
    const lines = this.#bounds.flatMap((bound, at) => { below += buckets[at] ?? 0; return told(bound) ? [`_bucket{${before}le="${bound}"} ${below}`] : [] })
    return [...lines, `_bucket{${before}le="+Inf"} ${count}`, `_sum${own} ${sum}`, `_count${own} ${count}`]
  }
}
