export { amountOf, podRequests } from '../rules/requests.ts'

/** A count or a percentage of a total, rounded up or down. Written again here: the judge does not ask the judged. */
export function scaledOf(value: number | string, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value
  if (!value.endsWith('%')) return Number(value)
  const exact = (Number(value.slice(0, -1)) * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
