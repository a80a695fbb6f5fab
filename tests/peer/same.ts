// What of two answers must be the same: all but what time, chance and the order of maps make of them.
type Json = unknown

const volatile: Readonly<Record<string, string>> = {
  uid: 'UID', resourceVersion: 'RV', creationTimestamp: 'TIME', time: 'TIME', deletionTimestamp: 'TIME', selfLink: '', 'kubernetes.io/metadata.uid': 'UID',
}
const texts: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID'],
  [/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-XXXXX'],
  [/\b10\.96\.\d+\.\d+\b/g, 'CLUSTER-IP'],
  [/compare-\d+/g, 'compare'],
  // A patched object is shown in the order in which upstream's types have their fields.
  [/Invalid value: "\{(?:[^"\\]|\\.)*"/g, 'Invalid value: "{PATCHED}"'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
]

/** The answer without what may differ. */
export function normal(value: Json, key = ''): Json {
  if (typeof value === 'string') {
    if (volatile[key] !== undefined) return value === '' ? '' : volatile[key]
    return texts.reduce((text, [pattern, into]) => text.replaceAll(pattern, into), value)
  }
  if (typeof value !== 'object' || value === null) return key === 'nodePort' && typeof value === 'number' ? 'NODE-PORT' : value
  if (Array.isArray(value)) {
    const items = value.map((item) => normal(item))
    return key === 'managedFields' || key === 'causes' ? items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items
  }
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name.startsWith('k:') || name.startsWith('v:') ? String(normal(name)) : name, normal(inner, name)]))
}

/** Paths at which two normal values differ, with what each has there. */
export function differences(ours: Json, theirs: Json, path = ''): readonly string[] {
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return []
  if (isRecord(ours) && isRecord(theirs)) {
    return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort().flatMap((key) => differences(ours[key], theirs[key], `${path}.${key}`))
  }
  if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length) return ours.flatMap((item, at) => differences(item, theirs[at], `${path}[${at}]`))
  if (Array.isArray(ours) && Array.isArray(theirs) && [...ours, ...theirs].every((item) => nameOf(item) !== undefined)) {
    const byName = (items: readonly Json[]): Json => Object.fromEntries(items.map((item) => [nameOf(item) ?? '', item]))
    return differences(byName(ours), byName(theirs), path)
  }
  if (typeof ours === 'string' && typeof theirs === 'string' && ours.length + theirs.length > longText) {
    let from = 0
    while (ours[from] === theirs[from]) from++
    let to = 0
    while (to < Math.min(ours.length, theirs.length) - from && ours.at(-1 - to) === theirs.at(-1 - to)) to++
    const cut = (text: string): string => `${from > around ? '…' : ''}${text.slice(Math.max(0, from - around), text.length - Math.max(0, to - around))}${to > around ? '…' : ''}`
    return [`${path}: ours ${short(cut(ours))} | peer ${short(cut(theirs))}`]
  }
  return [`${path}: ours ${short(ours)} | peer ${short(theirs)}`]
}
/** Of long texts, only what differs is shown, with a little around it. */
const longText = 300
const around = 70

/** What tells the items of a list apart. */
function nameOf(item: Json): string | undefined {
  if (!isRecord(item)) return undefined
  const found = [item['name'], item['resource'], item['subresource'], item['version'], isRecord(item['metadata']) ? item['metadata']['name'] : undefined, item['type'], item['path']].find((name) => typeof name === 'string')
  return typeof found === 'string' ? found : undefined
}
const isRecord = (value: Json): value is Readonly<Record<string, Json>> => typeof value === 'object' && value !== null && !Array.isArray(value)
const short = (value: Json): string => { const text = JSON.stringify(value) ?? 'nothing'; return text.length > 600 ? `${text.slice(0, 600)}…` : text }
