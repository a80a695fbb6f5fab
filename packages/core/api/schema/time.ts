// Times as the API reads and writes them: RFC 3339, in UTC, to the second or to the microsecond.

export type TimeReading = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string }
const form = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d)$/

const fault = (text: string): TimeReading =>
  ({ ok: false, message: `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"` })

function read(text: string, digits: 0 | 6): TimeReading {
  const parts = form.exec(text)
  if (!parts) return fault(text)
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = ''] = parts
  const instant = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone.toUpperCase()}`)
  // The engine rolls the 31st of February over; upstream refuses it.
  if (Number.isNaN(instant) || Number(day) > daysIn(Number(year), Number(month))) {
    return { ok: false, message: `parsing time ${JSON.stringify(text)}: day out of range` }
  }
  const whole = new Date(instant).toISOString().slice(0, 19)
  return { ok: true, text: digits === 0 ? `${whole}Z` : `${whole}.${fraction.slice(0, digits).padEnd(digits, '0')}Z` }
}
const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()

/** A Time: fractions of a second are dropped, as upstream. */
export const readTime = (text: string): TimeReading => read(text, 0)
/** A MicroTime: six digits of a second. */
export const readMicroTime = (text: string): TimeReading => read(text, 6)
