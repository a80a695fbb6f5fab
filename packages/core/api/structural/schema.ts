// A structural schema: upstream's JSONSchemaProps after their rules have been checked (rules.ts), so that items is one schema
// and additionalProperties is a schema or a truth. Every walk of this folder reads it as it is; nothing is translated first.
import type { ValidationRule } from '../generated/types.ts'
import { exactInteger } from '../text/json.ts'

export interface Schema {
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly nullable?: boolean
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly not?: Schema
  readonly example?: unknown
  readonly externalDocs?: unknown
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[]
}

export type Json = Readonly<Record<string, unknown>>
/** A JSON object; an integer that no number holds is none. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && exactInteger(value) === undefined

/** The schema of an object's field: its own, or that of all others. */
export function schemaOfField(schema: Schema, name: string): Schema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, name)) return schema.properties[name]
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
}
export const preserves = (schema: Schema): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true
export const isEmbedded = (schema: Schema): boolean => schema['x-kubernetes-embedded-resource'] === true
export const isIntOrString = (schema: Schema): boolean => schema['x-kubernetes-int-or-string'] === true
/** Whether every field is kept, whatever it is called. */
export const keepsAll = (schema: Schema): boolean => preserves(schema) || schema.additionalProperties === true

/** 'spec.list[0].name'. */
export const joined = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
