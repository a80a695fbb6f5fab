// Timestamps and durations: their texts and their arithmetic.
import { Duration, durationOf, Fault, Timestamp } from './values.ts'

const second = 1_000_000_000n
const first = -62_135_596_800n * second // 0001-01-01T00:00:00Z
const last = 253_402_300_799n * second + second - 1n // 9999-12-31T23:59:59.999999999Z
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))$/

const notTimestamp = new Fault("type conversion error from 'string' to 'google.protobuf.Timestamp'"), notDuration = new Fault("type conversion error from 'string' to 'google.protobuf.Duration'")

/** A timestamp, or the fault of one before year 1 or after year 9999. */
export const timestampOf = (nanos: bigint, offset = 0): Timestamp | Fault => nanos < first || nanos > last ? new Fault('timestamp overflow') : new Timestamp(nanos, offset)

/** The timestamp of an RFC 3339 text. */
export function timestampFrom(text: string): Timestamp | Fault {
  const found = rfc3339.exec(text)
  if (found === null) return notTimestamp
  const [, year, month, day, hour, minute, seconds, fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = found
  const at = new Date(0)
  at.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  at.setUTCHours(Number(hour), Number(minute), Number(seconds))
  if (at.getUTCMonth() !== Number(month) - 1 || at.getUTCDate() !== Number(day) || Number(hour) > 23 || Number(minute) > 59 || Number(seconds) > 59) return notTimestamp
  const offset = (sign === '-' ? -1 : 1) * (Number(offsetHours) * 60 + Number(offsetMinutes))
  return timestampOf(BigInt(at.getTime() - offset * 60_000) * 1_000_000n + BigInt(fraction.padEnd(9, '0')), offset)
}

const floorDivide = (value: bigint, by: bigint): bigint => value / by - (value % by < 0n ? 1n : 0n)
/** Whole seconds since 1970. */
export const secondsOf = (timestamp: Timestamp): bigint => floorDivide(timestamp.nanos, second)
export const nanosWithin = (timestamp: Timestamp): bigint => timestamp.nanos - secondsOf(timestamp) * second

export function timestampText(timestamp: Timestamp): string {
  const { offset } = timestamp
  const whole = new Date(Number(secondsOf(timestamp)) * 1000 + offset * 60_000).toISOString().replace(/\.\d+Z$/, '')
  const nanos = nanosWithin(timestamp)
  return `${whole}${nanos === 0n ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`}${offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${twoDigits(Math.abs(offset) / 60)}:${twoDigits(Math.abs(offset) % 60)}`}`
}
const twoDigits = (value: number): string => String(Math.floor(value)).padStart(2, '0')

const units: Readonly<Record<string, bigint>> = { ns: 1n, us: 1_000n, µs: 1_000n, \u03bcs: 1_000n, ms: 1_000_000n, s: second, m: 60n * second, h: 3_600n * second }
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|\u03bcs|ms|s|m|h)/y

/** The duration of a text such as '1h30m', as Go parses it. */
export function durationFrom(text: string): Duration | Fault {
  const fault = notDuration
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  const body = text.slice(sign.length)
  if (body === '0') return new Duration(0n)
  let nanos = 0n, at = 0
  while (at < body.length) {
    part.lastIndex = at
    const found = part.exec(body)
    if (found === null) return fault
    const [whole, digits = '', unit = 's'] = found
    const [integer = '', fraction = ''] = digits.split('.')
    const size = units[unit] ?? 1n
    nanos += BigInt(integer === '' ? '0' : integer) * size
    if (fraction !== '') nanos += BigInt(fraction) * size / 10n ** BigInt(fraction.length)
    at += whole.length
  }
  return at === 0 ? fault : durationOf(sign === '-' ? -nanos : nanos) ?? fault
}

/** In seconds, as CEL writes durations: '90s', '1.5s'. */
export function durationText(duration: Duration): string {
  const nanos = duration.nanos < 0n ? -duration.nanos : duration.nanos
  const fraction = (nanos % second).toString().padStart(9, '0').replace(/0+$/, '')
  return `${duration.nanos < 0n ? '-' : ''}${nanos / second}${fraction === '' ? '' : `.${fraction}`}s`
}

export type DatePart = 'fullYear' | 'month' | 'date' | 'dayOfWeek' | 'dayOfYear' | 'hours' | 'minutes' | 'seconds' | 'milliseconds'

/** One part of a timestamp in a zone: '' for UTC, '+02:00', 'Europe/Berlin'. */
export function datePart(timestamp: Timestamp, part: DatePart, zone: string): number | Fault {
  const local = shifted(timestamp, zone)
  if (local instanceof Fault) return local
  switch (part) {
    case 'fullYear': return local.getUTCFullYear()
    case 'month': return local.getUTCMonth()
    case 'date': return local.getUTCDate()
    case 'dayOfWeek': return local.getUTCDay()
    case 'hours': return local.getUTCHours()
    case 'minutes': return local.getUTCMinutes()
    case 'seconds': return local.getUTCSeconds()
    case 'milliseconds': return Number(nanosWithin(timestamp) / 1_000_000n)
    case 'dayOfYear': {
      const start = new Date(local)
      start.setUTCMonth(0, 1)
      return Math.round((local.getTime() - start.getTime()) / 86_400_000)
    }
  }
}

function shifted(timestamp: Timestamp, zone: string): Date | Fault {
  const at = new Date(Number(floorDivide(timestamp.nanos, 1_000_000n)))
  if (zone === '' || zone === 'UTC') return at
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (offset !== null) return new Date(at.getTime() + (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000)
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const of = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0
    return new Date(Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')))
  } catch {
    // Intl throws for zones that it does not know.
    return new Fault(`unknown time zone ${zone}`)
  }
}
