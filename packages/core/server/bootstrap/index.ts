// Makes what a cluster cannot be without. Safe to call at every start: what is there is left alone, defaults only grow.
import { sameMeaning } from '../../api/kinds/equal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import type { Store } from '../../store/types.ts'
import type { Server } from '../server.ts'
import { controllerBindings, controllerRoles } from './controllers.ts'
import { flowSchemas, priorityLevels } from './flow.ts'
import { type Advertised, authenticationMap, kubernetesCIDR, kubernetesEndpoints, kubernetesService, kubernetesSlice, namesService, namespaces, priorityClasses, storageClass, type Trust } from './objects.ts'
import type { Change } from './plant.ts'
import { type Joining, joiningInfo, joiningRights } from './joining.ts'
import { bindings, roles } from './roles.ts'
import { localServices } from './services.ts'

export type { Joining } from './joining.ts'
export type { Advertised, Trust } from './objects.ts'

/** How an object that is there already follows its default: the object itself when it stays as it is. */
type Follow = (found: Resource, draft: Draft) => Resource

/** Creates the bootstrap objects that are missing and brings those that follow the server up to date. */
export function bootstrap(server: Pick<Server, 'plant' | 'registry'>, store: Store, advertised: Advertised, trust: Trust = {}, joining?: Joining): void {
  const missing: Draft[] = []
  const changed: Change[] = []
  for (const [draft, follow] of wanted(server, advertised, trust, joining)) {
    const endpoint = server.registry.byGroupKind(draft.apiVersion, draft.kind)
    if (endpoint === undefined) continue
    const { namespace = '', name = '' } = draft.metadata
    const found = store.view.get(endpoint.kind, namespace, name)
    if (found === undefined) {
      missing.push(draft)
      continue
    }
    const next = follow(found, draft)
    if (next !== found) changed.push({ kind: endpoint.kind, before: found, next })
  }
  server.plant({ missing, changed })
}

function* wanted({ registry }: Pick<Server, 'registry'>, advertised: Advertised, trust: Trust, joining: Joining | undefined): Iterable<readonly [Draft, Follow]> {
  for (const draft of [...namespaces, ...priorityClasses, storageClass, kubernetesCIDR(advertised), kubernetesService(advertised), ...namesService(advertised)]) yield [draft, asItIs]
  for (const draft of [...roles, ...controllerRoles, ...bindings, ...controllerBindings]) yield [draft, grown]
  for (const draft of [...priorityLevels, ...flowSchemas]) yield [draft, renewed]
  for (const draft of localServices(registry.groups)) yield [draft, asItIs]
  // Where the server listens and what it trusts may have changed since the last start.
  yield [authenticationMap(trust), withFields('data')]
  yield [kubernetesEndpoints(advertised), withFields('subsets')]
  yield [kubernetesSlice(advertised), withFields('endpoints', 'ports')]
  if (joining === undefined) return
  for (const draft of joiningRights) yield [draft, grown]
  yield [joiningInfo(joining), withFields('data')]
}

const asItIs: Follow = (found) => found

/** A role or binding of the defaults with what newer defaults add; one that its owner has taken over stays as it is. */
function grown(found: Resource, draft: Draft): Resource {
  if (found.metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] === 'false') return found
  // The rules of an aggregated role are its controller's.
  const fields = draft['aggregationRule'] === undefined ? ['rules', 'subjects'] : []
  let next = found
  for (const field of fields) {
    const own = (found as unknown as Readonly<Record<string, readonly unknown[] | undefined>>)[field] ?? []
    const added = draft[field]
    if (!Array.isArray(added)) continue
    const missing = added.filter((each) => !own.some((other) => sameMeaning(other, each)))
    if (missing.length > 0) next = { ...next, [field]: [...own, ...missing] }
  }
  return next
}

/** A flow schema or priority level that follows its default, as its annotation says. */
const renewed: Follow = (found, draft) => (found.metadata.annotations?.['apf.kubernetes.io/autoupdate-spec'] === 'true' ? withFields('spec')(found, draft) : found)

/** The object with these fields as its default has them. */
const withFields = (...fields: readonly string[]): Follow => (found, draft) => {
  const known = found as unknown as Readonly<Record<string, unknown>>
  const changed = fields.filter((field) => !sameMeaning(known[field], draft[field]))
  return changed.length === 0 ? found : { ...found, ...Object.fromEntries(changed.map((field) => [field, draft[field]])) }
}
