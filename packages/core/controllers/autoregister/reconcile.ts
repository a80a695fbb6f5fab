// The APIServices of groups that CustomResourceDefinitions make, and of all that the server answers itself. Behaviour: upstream's
// crdregistration and autoregister controllers; what is built in is planted at every start (server/bootstrap).
import type { Action } from '../../api/action.ts'
import type { Controller } from '../../api/controller.ts'
import { type Draft, keyOf } from '../../api/resource.ts'
import { type APIService, apiServices, type CustomResourceDefinition, customResourceDefinitions } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { sameMeaning } from '../../api/kinds/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { timestamp } from '../../rules/time.ts'
import { settled } from '../settled.ts'

const managed = 'kube-aggregator.kubernetes.io/automanaged'
const groupPriorityMinimum = 1000
const versionPriority = 100
const available = { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' }

/** A key is an APIService's name: 'v1.example.com'. */
export const autoregisterController: Controller = {
  name: 'autoregister',
  watches: [
    { resource: customResourceDefinitions.resource, affected: (change) => { const sides = sidesOf(customResourceDefinitions, change); return [...new Set([...namesOf(sides?.before), ...namesOf(sides?.after)])] } },
    { resource: apiServices.resource, affected: ({ key }) => [key.name] },
  ],
  reconcile: (name, { view, now }) => {
    const found = view.get(apiServices, '', name)
    const { version, group } = partsOf(name)
    const isWanted = group.includes('.') && serves(view, group, version)
    if (found === undefined) return isWanted ? { actions: [{ do: 'create', object: serviceOf(group, version) }] } : settled
    if (found.metadata.deletionTimestamp !== undefined) return settled
    const mark = found.metadata.labels?.[managed]
    if (mark === 'true' && !isWanted) return { actions: [{ do: 'delete', key: keyOf(apiServices, found), uid: found.metadata.uid }] }
    return { actions: mark === 'true' ? [...followed(found, group, version), ...always(found, now)] : always(found, now) }
  },
}

const namesOf = (definition: CustomResourceDefinition | undefined): readonly string[] =>
  (definition?.spec.versions ?? []).filter(({ served }) => served).map(({ name }) => `${name}.${definition?.spec.group ?? ''}`)
function partsOf(name: string): { readonly version: string; readonly group: string } {
  const dot = name.indexOf('.')
  return { version: name.slice(0, dot), group: name.slice(dot + 1) }
}
function serves(view: ClusterView, group: string, version: string): boolean {
  for (const { spec } of view.list(customResourceDefinitions)) if (spec.group === group && spec.versions.some(({ name, served }) => served && name === version)) return true
  return false
}

const specOf = (group: string, version: string) => ({ group, version, groupPriorityMinimum, versionPriority })
const serviceOf = (group: string, version: string): Draft => ({ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `${version}.${group}`, labels: { [managed]: 'true' } }, spec: specOf(group, version) })

/** What somebody has changed of an APIService that is made for him is changed back. */
function followed(found: APIService, group: string, version: string): readonly Action[] {
  const spec = specOf(group, version)
  return sameMeaning(found.spec, spec) ? [] : [{ do: 'replace', object: { ...found, spec } as APIService, part: 'main' }]
}

/** What the server answers itself is always available, whatever is written of it. */
function always(found: APIService, now: number): readonly Action[] {
  if (found.spec.service !== undefined) return []
  const known = found.status.conditions?.find(({ type }) => type === available.type)
  if (known?.status === 'True' && known.reason === available.reason) return []
  const others = (found.status.conditions ?? []).filter(({ type }) => type !== available.type)
  return [{ do: 'patch', key: keyOf(apiServices, found), uid: found.metadata.uid, part: 'status', patch: { status: { conditions: [...others, { ...available, lastTransitionTime: timestamp(now) }] } } }]
}
