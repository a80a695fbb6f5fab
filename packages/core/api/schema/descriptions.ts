// What the fields mean, in upstream's words: large, and only for documents, so loaded apart and when first wanted.
interface Texts {
  readonly texts: readonly string[]
  readonly byDefinition: Readonly<Record<string, readonly [number, Readonly<Record<string, number>>, Readonly<Record<string, readonly string[]>>]>>
}

/** What is said of one definition. */
export interface Description {
  readonly text: string
  readonly fields: Readonly<Record<string, string>>
  /** The values that a field allows, where the schema lists them. */
  readonly enums: Readonly<Record<string, readonly string[]>>
}

let loaded: Texts | undefined

/** Loads the descriptions; until then, documents are made without. */
export function loadDescriptions(): Promise<void> {
  return import('../generated/descriptions.ts').then(({ descriptionsJson }) => { loaded ??= JSON.parse(descriptionsJson) as Texts })
}

/** Whether `loadDescriptions` has finished. */
export const descriptionsLoaded = (): boolean => loaded !== undefined

/** What is said of a definition; undefined for an unknown one, or while nothing is loaded. */
export function describe(definition: string): Description | undefined {
  const entry = loaded?.byDefinition[definition]
  if (!loaded || !entry) return undefined
  const { texts } = loaded
  const [text, fields, enums] = entry
  return { text: texts[text] ?? '', fields: Object.fromEntries(Object.entries(fields).map(([field, number]) => [field, texts[number] ?? ''])), enums }
}
