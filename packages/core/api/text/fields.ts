// Documents of settings, read field by field: every fault is kept with its path, so that all are told at once.

/** A mapping of a document that was read. */
export type Fields = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
export const record = (value: unknown): Fields | undefined => (isRecord(value) ? { ...value } : undefined)

/** Takes fields out of a document and keeps what is wrong with it, each fault with its path. */
export class Faults {
  readonly found: string[] = []

  at(path: string, field: string): string { return path === '' ? field : `${path}.${field}` }
  say(path: string, what: string): void { this.found.push(`${path}: ${what}`) }
  invalid(path: string, value: unknown, what: string): void { this.say(path, `Invalid value: ${JSON.stringify(value)}: ${what}`) }
  unsupported(path: string, value: unknown, supported: readonly string[]): void {
    this.say(path, `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((each) => JSON.stringify(each)).join(', ')}`)
  }

  onlyThese(given: Fields, path: string, known: readonly string[]): void {
    for (const field in given) if (!known.includes(field)) this.found.push(`unknown field ${JSON.stringify(this.at(path, field))}`)
  }

  whole(given: Fields, field: string, path: string, otherwise: number): number {
    const value = given[field]
    if (value === undefined || value === null) return otherwise
    if (typeof value === 'number' && Number.isInteger(value)) return value
    this.invalid(this.at(path, field), value, 'expected a whole number')
    return otherwise
  }

  text(given: Fields, field: string, path: string, otherwise: string): string {
    const value = given[field]
    if (value === undefined || value === null) return otherwise
    if (typeof value === 'string') return value
    this.invalid(this.at(path, field), value, 'expected a text')
    return otherwise
  }

  texts(given: Fields, field: string, path: string): readonly string[] {
    const value: unknown = given[field] ?? []
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value
    this.invalid(this.at(path, field), value, 'expected a list of texts')
    return []
  }

  /** Texts of which each must be one of those known. */
  someOf<Known extends string>(given: Fields, field: string, path: string, known: readonly Known[]): readonly Known[] {
    return this.texts(given, field, path).flatMap((each) => {
      const found = known.find((one) => one === each)
      if (found === undefined) this.unsupported(this.at(path, field), each, known)
      return found === undefined ? [] : [found]
    })
  }

  items(given: Fields, field: string, path: string): readonly Fields[] {
    const value: unknown = given[field] ?? []
    if (!Array.isArray(value)) { this.invalid(this.at(path, field), value, 'expected a list'); return [] }
    return value.map((each: unknown, at) => {
      const item = record(each)
      if (item === undefined) this.invalid(`${this.at(path, field)}[${at}]`, each, 'expected an object')
      return item ?? {}
    })
  }
}
