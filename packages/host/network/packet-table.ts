/** What one owner wants of a table: chains by name, declarations of sets by name, elements by map or set, then key (the value is '' in sets). */
export interface RuleSet {
  readonly chains: ReadonlyMap<string, readonly string[]>
  readonly sets: ReadonlyMap<string, string>
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export type Family = 'ip' | 'ip6'
export const table = 'skiff'

type Sort = 'chain' | 'set' | 'element'
interface Entry { readonly sort: Sort; readonly name: string; readonly key: string; readonly value: string }

/**
 * One nftables table as it is wanted and as it is in force. Owners put what they want; several may want the same, and
 * where they want different things of one element the first stands. The script is of what was touched since the last.
 */
export class PacketTable {
  readonly family: Family
  readonly #name: string
  readonly #frame: string
  /** By entry, then owner. */
  readonly #wanted = new Map<string, Map<string, Entry>>()
  readonly #ownedBy = new Map<string, ReadonlySet<string>>()
  /** Undefined: whatever stands there is not known, the whole table is to be replaced. */
  #inForce: Map<string, Entry> | undefined
  #touched = new Set<string>()

  constructor(family: Family, frame: string, name: string = table) {
    this.family = family
    this.#name = name
    this.#frame = frame
  }

  /** Replaces all that an owner wants; undefined: nothing any more. */
  put(owner: string, rules: RuleSet | undefined): void {
    const entries = new Map((rules === undefined ? [] : entriesOf(rules)).map((entry) => [placeOf(entry), entry] as const))
    for (const place of this.#ownedBy.get(owner) ?? []) if (!entries.has(place)) this.#drop(place, owner)
    for (const [place, entry] of entries) this.#claim(place, owner, entry)
    if (entries.size === 0) this.#ownedBy.delete(owner)
    else this.#ownedBy.set(owner, new Set(entries.keys()))
  }

  /** Adds and removes single elements of a set that belong to no owner's rules. */
  putElements(set: string, { added, removed }: { readonly added: Iterable<string>; readonly removed: Iterable<string> }): void {
    for (const key of removed) this.#drop(placeOf({ sort: 'element', name: set, key }), '')
    for (const key of added) {
      const entry: Entry = { sort: 'element', name: set, key, value: '' }
      this.#claim(placeOf(entry), '', entry)
    }
  }

  /** The step from what is in force to what is wanted, as one transaction for nft; '' when they are the same. */
  script(): string {
    if (this.#inForce === undefined) {
      const all = [...this.#wanted.keys()].flatMap((place) => this.#effective(place) ?? [])
      return [`table ${this.family} ${this.#name} {}`, `delete table ${this.family} ${this.#name}`, this.#frame, ...step(this.#place, all.map((after) => ({ before: undefined, after })))].join('\n') + '\n'
    }
    const inForce = this.#inForce
    const changes = [...this.#touched].map((place) => ({ before: inForce.get(place), after: this.#effective(place) }))
    const lines = step(this.#place, changes.filter(({ before, after }) => before?.value !== after?.value))
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`
  }

  /** The script goes to nft now: what is put from here on belongs to the next. Call what it answers with whether nft took it. */
  begin(): (taken: boolean) => void {
    const places = this.#inForce === undefined ? [...this.#wanted.keys()] : [...this.#touched]
    const entries = places.map((place) => [place, this.#effective(place)] as const)
    this.#touched = new Set()
    return (taken) => {
      if (!taken) { this.#inForce = undefined; return }
      this.#inForce ??= new Map()
      for (const [place, entry] of entries) {
        if (entry === undefined) this.#inForce.delete(place)
        else this.#inForce.set(place, entry)
      }
    }
  }

  /** As commands name it. */
  get #place(): string { return `${this.family} ${this.#name}` }

  #effective(place: string): Entry | undefined {
    return this.#wanted.get(place)?.values().next().value
  }

  #claim(place: string, owner: string, entry: Entry): void {
    const claims = this.#wanted.get(place) ?? new Map<string, Entry>()
    this.#wanted.set(place, claims)
    if (claims.get(owner)?.value === entry.value) return
    claims.set(owner, entry)
    this.#touched.add(place)
  }

  #drop(place: string, owner: string): void {
    const claims = this.#wanted.get(place)
    if (claims?.delete(owner) !== true) return
    if (claims.size === 0) this.#wanted.delete(place)
    this.#touched.add(place)
  }
}

function entriesOf({ chains, sets, elements }: RuleSet): readonly Entry[] {
  return [
    ...[...chains].map(([name, lines]): Entry => ({ sort: 'chain', name, key: '', value: lines.join('\n') })),
    ...[...sets].map(([name, declaration]): Entry => ({ sort: 'set', name, key: '', value: declaration })),
    ...[...elements].flatMap(([name, members]) => [...members].map(([key, value]): Entry => ({ sort: 'element', name, key, value }))),
  ]
}
const placeOf = ({ sort, name, key }: Pick<Entry, 'sort' | 'name' | 'key'>): string => `${sort} ${name} ${key}`

interface Step { readonly before: Entry | undefined; readonly after: Entry | undefined }

/** The order that nft takes: nothing is removed while something leads to it, nothing leads to what is not there yet. */
function step(table: string, changes: readonly Step[]): readonly string[] {
  const lines: string[] = []
  const of = (sort: Sort): readonly Step[] => changes.filter(({ before, after }) => (before ?? after)?.sort === sort)
  const [chains, sets, elements] = [of('chain'), of('set'), of('element')]
  const gone = sets.flatMap(({ before, after }) => (before !== undefined && after === undefined ? [before] : []))
  const goneSets = new Set(gone.map(({ name }) => name))
  lines.push(...elementLines(table, 'delete', elements.flatMap(({ before }) => (before === undefined || goneSets.has(before.name) ? [] : [before]))))
  for (const { before, after } of sets) if (before === undefined && after !== undefined) lines.push(`add ${sortOf(after)} ${table} ${after.name} { ${after.value} }`)
  for (const { before, after } of chains) if (before === undefined && after !== undefined) lines.push(`add chain ${table} ${after.name}${hookOf(after.value)}`)
  for (const { before, after } of chains) {
    if (after === undefined) continue
    if (before !== undefined) lines.push(`flush chain ${table} ${after.name}`)
    for (const rule of rulesIn(after.value)) lines.push(`add rule ${table} ${after.name} ${rule}`)
  }
  lines.push(...elementLines(table, 'add', elements.flatMap(({ after }) => (after === undefined ? [] : [after]))))
  const dropped = chains.filter(({ after }) => after === undefined).map(({ before }) => before?.name ?? '')
  for (const name of dropped) lines.push(`flush chain ${table} ${name}`)
  // A map that goes lets go of the chains that its elements lead to.
  for (const set of gone) lines.push(`delete ${sortOf(set)} ${table} ${set.name}`)
  for (const name of dropped) lines.push(`delete chain ${table} ${name}`)
  return lines
}

function elementLines(table: string, verb: 'add' | 'delete', entries: readonly Entry[]): readonly string[] {
  const bySet = Map.groupBy(entries, ({ name }) => name)
  return [...bySet].map(([name, members]) => `${verb} element ${table} ${name} { ${members.map(({ key, value }) => (value === '' ? key : `${key} : ${value}`)).join(', ')} }`)
}

/** A set that leads from its elements to something is a map. */
const sortOf = ({ value }: Entry): string => (value.includes(' : ') ? 'map' : 'set')

/** A chain whose first line says a hook is called by the kernel itself. */
const isHook = (line: string): boolean => line.startsWith('type ')
const hookOf = (value: string): string => { const [first = ''] = value.split('\n'); return isHook(first) ? ` { ${first} }` : '' }
const rulesIn = (value: string): readonly string[] => value.split('\n').filter((line) => line !== '' && !isHook(line))
