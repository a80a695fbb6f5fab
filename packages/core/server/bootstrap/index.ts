// Makes what a cluster cannot be without. Safe to call at every start: what is there is left alone, defaults only grow.
import type { Actor, Outcome } from '../../api/action.ts'
import { sameMeaning } from '../../api/kinds/equal.ts'
import { isRefusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import { invariant } from '../../base/invariant.ts'
import type { Store } from '../../store/types.ts'
import type { Server } from '../server.ts'
import { controllerBindings, controllerRoles } from './controllers.ts'
import { type Advertised, kubernetesCIDR, kubernetesEndpoints, kubernetesService, kubernetesSlice, namespaces, priorityClasses, storageClass } from './objects.ts'
import { bindings, roles } from './roles.ts'

export type { Advertised } from './objects.ts'

const apiserver: Actor = { user: 'system:apiserver', groups: ['system:masters'], component: 'apiserver' }

/** Creates the bootstrap objects that are missing and brings those that follow the server up to date. */
export function bootstrap(server: Pick<Server, 'submit' | 'registry'>, store: Store, advertised: Advertised): void {
  for (const draft of [...namespaces, ...priorityClasses, storageClass, kubernetesCIDR, ...roles, ...controllerRoles, ...bindings, ...controllerBindings]) ensure(server, store, draft, grown)
  ensure(server, store, kubernetesService(advertised), (found) => found)
  // Where the server listens may have changed since the last start.
  for (const draft of [kubernetesEndpoints(advertised), kubernetesSlice(advertised)]) ensure(server, store, draft, (found, wanted) => ({ ...wanted, metadata: found.metadata } as unknown as Resource))
}

function ensure({ submit, registry }: Pick<Server, 'submit' | 'registry'>, store: Store, draft: Draft, follow: (found: Resource, draft: Draft) => Resource): void {
  const endpoint = registry.byGroupKind(draft.apiVersion, draft.kind)
  if (endpoint === undefined) return
  const { namespace = '', name = '' } = draft.metadata
  const found = store.view.get(endpoint.kind, namespace, name)
  const next = found === undefined ? undefined : follow(found, draft)
  if (next !== undefined && next === found) return
  submit(next === undefined ? { do: 'create', object: draft } : { do: 'replace', object: next, part: 'main' }, apiserver, (outcome: Outcome) => {
    invariant(!isRefusal(outcome), `bootstrap objects are good: ${draft.kind} ${name}: ${isRefusal(outcome) ? outcome.message : ''}`)
  })
}

/** A role or binding of the defaults with what newer defaults add; a role that its owner has taken over, and everything else, stays as it is. */
function grown(found: Resource, draft: Draft): Resource {
  if (found.metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] !== 'true') return found
  let next = found
  for (const field of ['rules', 'subjects'] as const) {
    const wanted = draft[field]
    if (!Array.isArray(wanted)) continue
    const own = (found as unknown as Readonly<Record<string, readonly unknown[] | undefined>>)[field] ?? []
    const missing = wanted.filter((each) => !own.some((other) => sameMeaning(other, each)))
    if (missing.length > 0) next = { ...next, [field]: [...own, ...missing] }
  }
  return next
}
