// Reads the model tables of the published JavaScript client: what each model's fields are, as data.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One field as the client's table states it. `type` is the client's own notation: 'Array<V1Container>'. */
export interface Attribute { readonly name: string; readonly baseName: string; readonly type: string; readonly format: string }

/** One model of the client: 'V1Pod', 'CoreV1Event'. */
export interface Model {
  readonly name: string
  readonly description: string
  readonly attributes: readonly Attribute[]
  /** By the field's name on the wire. */
  readonly required: ReadonlySet<string>
  /** Descriptions by the field's name on the wire; the client has none for fields that refer to another model. */
  readonly descriptions: ReadonlyMap<string, string>
}

/** The text of a comment of the client, as it was before it was made into a comment. */
export const uncomment = (text: string): string => text.replace(/\n\s*\* ?/g, '\n').replace(/\\(.)/g, '$1').replace(/\*_\//g, '*/').trim()

/** Every model in the client's folder `gen/models`, by name. */
export function readModels(folder: string): ReadonlyMap<string, Model> {
  const models = new Map<string, Model>()
  // The folder also holds models of past releases; the list of exports has the current ones only.
  const listed = [...readFileSync(join(folder, 'all.d.ts'), 'utf8').matchAll(/models\/([A-Z]\w+)\.js/g)].map((match) => match[1] ?? '')
  for (const name of listed.sort()) {
    if (/^(V1MicroTime|IntOrString)$/.test(name)) continue
    const table = /attributeTypeMap = (\[[\s\S]*?\n?\]);/.exec(readFileSync(join(folder, `${name}.js`), 'utf8'))?.[1] ?? '[]'
    const attributes = JSON.parse(table) as readonly Attribute[]
    const wireName = new Map(attributes.map((attribute) => [attribute.name, attribute.baseName]))
    const declared = readFileSync(join(folder, `${name}.d.ts`), 'utf8')
    const onTheWire = (field: string): string => wireName.get(field) ?? field
    models.set(name, {
      name,
      attributes,
      description: uncomment(/\/\*\*\n\* ((?:(?!\*\/)[\s\S])*?)\n\*\/\nexport declare class/.exec(declared)?.[1] ?? ''),
      required: new Set([...declared.matchAll(/^ {4}'([^']+)':/gm)].map((match) => onTheWire(match[1] ?? ''))),
      descriptions: new Map([...declared.matchAll(/\/\*\*\n\s+\* ((?:(?!\*\/)[\s\S])*?)\n\s+\*\/\n\s+'([^']+)'\??:/g)]
        .map((match) => [onTheWire(match[2] ?? ''), uncomment(match[1] ?? '')])),
    })
  }
  return models
}
