// Values of a custom resource's schema that are a schema or something simpler: JSON shows which, protobuf has a message.

/** What may stand in a schema's place, and the numbers of both. */
export interface Union { readonly other: 'truth' | 'schemas' | 'texts'; readonly schema: string; readonly schemaNumber: 1 | 2; readonly otherNumber: 1 | 2 }

const schema = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
const unions: ReadonlyMap<string, Union> = new Map([
  [`${schema}OrBool`, { other: 'truth', schema, otherNumber: 1, schemaNumber: 2 }],
  [`${schema}OrArray`, { other: 'schemas', schema, schemaNumber: 1, otherNumber: 2 }],
  [`${schema}OrStringArray`, { other: 'texts', schema, schemaNumber: 1, otherNumber: 2 }],
])

/** The union of this definition, if it is one. */
export const unionOf = (definition: string): Union | undefined => unions.get(definition)
