const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** A duration in milliseconds as kubectl shows ages: '45s', '5m30s', '3h', '2d4h', '5y40d' (apimachinery's HumanDuration). */
export function humanDuration(milliseconds: number): string {
  // A clock that runs two seconds behind is no reason to look broken.
  if (Math.trunc(milliseconds / second) < -1) return '<invalid>'
  if (milliseconds < 0) return '0s'
  if (milliseconds < 2 * minute) return `${Math.floor(milliseconds / second)}s`
  if (milliseconds < 10 * minute) return twoParts(milliseconds, minute, 'm', second, 's')
  if (milliseconds < 3 * hour) return `${Math.floor(milliseconds / minute)}m`
  if (milliseconds < 8 * hour) return twoParts(milliseconds, hour, 'h', minute, 'm')
  if (milliseconds < 2 * day) return `${Math.floor(milliseconds / hour)}h`
  if (milliseconds < 8 * day) return twoParts(milliseconds, day, 'd', hour, 'h')
  if (milliseconds < 2 * year) return `${Math.floor(milliseconds / day)}d`
  if (milliseconds < 8 * year) return twoParts(milliseconds, year, 'y', day, 'd')
  return `${Math.floor(milliseconds / year)}y`
}

/** How long ago a timestamp of the API was, as kubectl shows it; '<unknown>' when there is none. */
export function age(timestamp: string | undefined, now: number): string {
  const since = timestamp === undefined ? Number.NaN : Date.parse(timestamp)
  return Number.isNaN(since) ? '<unknown>' : humanDuration(now - since)
}

function twoParts(milliseconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((milliseconds % large) / small)
  return `${Math.floor(milliseconds / large)}${largeName}${rest === 0 ? '' : `${rest}${smallName}`}`
}
