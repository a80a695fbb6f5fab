// The scale of a custom resource: its numbers lie where the definition says.
import type { CustomResourceSubresourceScale } from '../generated/types.ts'
import type { Subresource } from '../kind.ts'
import type { Resource } from '../resource.ts'

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
  }
}
