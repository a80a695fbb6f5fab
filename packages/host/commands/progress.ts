import type { PullProgress } from '../images/index.ts'

const barWidth = 30
const redrawMs = 100

export interface ProgressBar { readonly step: (step: PullProgress) => void; readonly end: () => void }

/** Shows on a terminal, in one line, how much of an image's layers has come; elsewhere nothing. */
export function progressBar(to: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>, now = (): number => performance.now()): ProgressBar {
  if (to.isTTY !== true) return { step: () => {}, end: () => {} }
  const layers = new Map<string, PullProgress>()
  let drawnAt = -redrawMs
  return {
    step(step) {
      layers.set(step.layer, step)
      const isWhole = [...layers.values()].every(({ came, of }) => came >= of)
      if (now() - drawnAt < redrawMs && !isWhole) return
      drawnAt = now()
      to.write(`\r${barOf([...layers.values()])}\x1b[K`)
    },
    end() { if (layers.size > 0) to.write('\r\x1b[K') },
  }
}

/** '[######      ]  4.2 / 10.0 MB'. */
export function barOf(layers: readonly PullProgress[]): string {
  const sum = (of: (layer: PullProgress) => number): number => layers.reduce((all, layer) => all + of(layer), 0)
  const [came, whole] = [sum((layer) => layer.came), sum((layer) => layer.of)]
  const full = whole === 0 ? barWidth : Math.floor((Math.min(came, whole) * barWidth) / whole)
  return `[${'#'.repeat(full)}${' '.repeat(barWidth - full)}]  ${(came / 1e6).toFixed(1)} / ${(whole / 1e6).toFixed(1)} MB`
}
