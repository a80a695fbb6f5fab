// The formats of strings that upstream's validation knows; others say nothing.
import { readTime } from '../schema/time.ts'

const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/
const isVersion4 = (text: string): boolean => v4.test(text) && !text.endsWith('.')
function isVersion6(text: string): boolean {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0 || !text.includes(':')) return false
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'))
  const all = [...groups(head), ...groups(tail ?? '')]
  const last = all.at(-1) ?? ''
  const embedded = last.includes('.')
  if (embedded && !isVersion4(last)) return false
  const size = all.length + (embedded ? 1 : 0)
  const plain = embedded ? all.slice(0, -1) : all
  return plain.every((each) => /^[0-9a-fA-F]{1,4}$/.test(each)) && (tail === undefined ? size === 8 : size < 8)
}
function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  if (more.length > 0 || !/^\d{1,3}$/.test(bits)) return false
  return (isVersion4(address) && Number(bits) <= 32) || (isVersion6(address) && Number(bits) <= 128)
}
const isUuid = (version: string) => (text: string): boolean => new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'i').test(text)
const isDate = (text: string): boolean => {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (parts === null) return false
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}
const isUri = (text: string): boolean => /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)[^\s]*$/.test(text)
const duration = /^(?:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|\u03bcs|ms|s|m|h))+$|^[-+]?0$/
const wordy = /^\s*[-+]?\d+(?:\.\d+)?\s*(?:ns|nano|nanos|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)\s*$/i
/** One word, or several of which the last is of two letters or more. */
const hostname = /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[-a-zA-Z0-9\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u

const checks: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': (text) => readTime(text).ok,
  datetime: (text) => readTime(text).ok,
  date: isDate,
  duration: (text) => duration.test(text) || wordy.test(text),
  ipv4: isVersion4, ipv6: isVersion6, cidr: isCidr,
  mac: (text) => /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$|^(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}$/i.test(text),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid3: isUuid('3'), uuid4: isUuid('4'), uuid5: isUuid('5'),
  uri: isUri,
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text) || /<[^\s@]+@[^\s@]+>$/.test(text),
  hostname: (text) => text.length <= 255 && hostname.test(text),
  byte: (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/[\r\n]/g, '')),
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  hexcolor: (text) => /^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  rgbcolor: (text) => /^rgb\(\s*(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\s*,\s*){2}(?:25[0-5]|2[0-4]\d|1?\d?\d)\s*\)$/.test(text),
  isbn: (text) => /^(?:97[89])?\d{9}[\dX]$/.test(text.replace(/[\s-]/g, '')),
  isbn10: (text) => /^\d{9}[\dX]$/.test(text.replace(/[\s-]/g, '')),
  isbn13: (text) => /^97[89]\d{10}$/.test(text.replace(/[\s-]/g, '')),
  creditcard: (text) => /^\d{13,19}$/.test(text.replace(/\D/g, '')),
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  'k8s-short-name': (text) => /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text),
  'k8s-long-name': (text) => text.length <= 253 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/.test(text),
}

/** Whether a string has the format; formats that nobody knows hold always. */
export function hasFormat(text: string, format: string): boolean {
  const check = Object.hasOwn(checks, format) ? checks[format] : undefined
  return check === undefined || check(text)
}
/** Whether upstream knows the format, of strings or numbers. */
export const isKnownFormat = (format: string): boolean => Object.hasOwn(checks, format) || numberFormats.includes(format) || format === 'password'
const numberFormats = ['int32', 'int64', 'float', 'double']
