import { median, type Measure } from './scenario.ts'

export interface Row { readonly scenario: string; readonly measure: Measure }

/** The measures as aligned text. */
export function table(rows: readonly Row[]): string {
  const head = ['scenario', 'what', 'median', 'min–max', 'unit', 'CPU s', 'ratio', 'aim']
  const lines = rows.map(({ scenario, measure: { what, unit, runs, cpu, beside, aim } }) => [
    scenario, what, shown(median(runs)), runs.length > 1 ? `${shown(Math.min(...runs))}–${shown(Math.max(...runs))}` : '', unit,
    cpu === undefined ? '' : shown(median(cpu)),
    beside === undefined ? '' : `${(median(runs) / median(beside.runs)).toFixed(2)} × ${beside.what} (${shown(median(beside.runs))})`, aim ?? '',
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)))
  return [head, ...lines].map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

/** Three figures that count, no more. */
function shown(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))))
  return value.toFixed(digits)
}
