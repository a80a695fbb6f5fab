import type { Resource, ResourceType } from '../api/resource.ts'
import type { Change } from '../api/view.ts'
import { controllerOf } from '../rules/owners.ts'

/** The two halves of a key. */
export function namesOf(key: string): readonly [namespace: string, name: string] {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

/** The key of the object's controller, when that is of this type. */
export function controllerKey(type: ResourceType<Resource>, object: Resource | undefined): string | undefined {
  const controller = object && controllerOf(object)
  if (object === undefined || controller?.kind !== type.kind || !controller.apiVersion.startsWith(type.group === '' ? 'v1' : `${type.group}/`)) return undefined
  return `${object.metadata.namespace ?? ''}/${controller.name}`
}

/** The keys of the controllers before and after a change. */
export function controllerKeys(type: ResourceType<Resource>, change: Change): readonly string[] {
  const after = controllerKey(type, change.after)
  const before = change.before?.metadata.ownerReferences === change.after?.metadata.ownerReferences ? after : controllerKey(type, change.before)
  if (after === undefined) return before === undefined ? none : [before]
  return before === undefined || before === after ? [after] : [before, after]
}
const none: readonly string[] = []

/** The key of the changed object itself. */
export const ownKey = (change: Change): readonly string[] => [`${change.key.namespace}/${change.key.name}`]
