// The scale of a custom resource: its numbers lie where the definition says.
import type { CustomResourceSubresourceScale } from '../generated/types.ts'
import type { Subresource } from '../kind.ts'
import type { Problem } from '../refusal.ts'
import type { Resource } from '../resource.ts'
import { goValue } from '../schema/go.ts'

type Json = Readonly<Record<string, unknown>>
const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const namesOf = (path: string | undefined): readonly string[] => (path ?? '').split('.').filter((name) => name !== '')
const at = (value: unknown, names: readonly string[]): unknown => names.reduce<unknown>((each, name) => (isMap(each) && Object.hasOwn(each, name) ? each[name] : undefined), value)

function set(value: unknown, names: readonly string[], to: unknown): unknown {
  const [name, ...rest] = names
  if (name === undefined) return to
  const map = isMap(value) ? value : {}
  return { ...map, [name]: set(map[name], rest, to) }
}

export function scaleOf({ specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale, shown: (object: Resource) => unknown): Subresource<Resource> {
  const [spec, status, selector] = [namesOf(specReplicasPath), namesOf(statusReplicasPath), namesOf(labelSelectorPath)]
  const number = (value: unknown): number => (typeof value === 'number' ? Math.trunc(value) : 0)
  return {
    name: 'scale', is: 'scale',
    read: (object) => {
      const whole = shown(object)
      const text = selector.length === 0 ? undefined : at(whole, selector)
      return { specReplicas: number(at(whole, spec)), statusReplicas: number(at(whole, status)), selector: typeof text === 'string' ? text : '' }
    },
    write: (object, replicas) => set(object, spec, replicas) as Resource,
    missing: (object) => (at(shown(object), spec) === undefined ? `the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist` : undefined),
  }
}

const replicasMax = 2_147_483_647

/** What cannot be a number of replicas where the scale looks for it. */
export function checkScale(object: Resource, { specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale): readonly Problem[] {
  const problems: Problem[] = []
  const invalid = (path: string, value: unknown, detail: string): void => { problems.push({ path, reason: 'FieldValueInvalid', value, detail }) }
  for (const path of [specReplicasPath, statusReplicasPath]) {
    const value = at(object, namesOf(path))
    if (value === undefined || value === null) continue
    if (typeof value !== 'number' || !Number.isInteger(value)) invalid(path, 0, `${path} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected int64`)
    else if (value < 0) invalid(path, value, 'should be a non-negative integer')
    else if (value > replicasMax) invalid(path, value, `should be less than or equal to ${replicasMax}`)
  }
  const text = labelSelectorPath ? at(object, namesOf(labelSelectorPath)) : undefined
  if (labelSelectorPath && text !== undefined && text !== null && typeof text !== 'string') invalid(labelSelectorPath, '', `${labelSelectorPath} accessor error: ${goValue(text)} is of the type ${goType(text)}, expected string`)
  return problems
}
const goType = (value: unknown): string => (typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}')
