// Which flow a request belongs to, as priority and fairness sees it: the first schema by precedence that matches.
import type { FlowcontrolV1Subject, PolicyRulesWithSubjects } from '../api/generated/types.ts'
import { type FlowSchema, flowSchemas, type PriorityLevelConfiguration, priorityLevelConfigurations } from '../api/resources.ts'
import type { Revision } from '../api/resource.ts'
import type { Store } from '../store/types.ts'
import type { Attributes, User } from './access/types.ts'
import type { Request } from './types.ts'

type Headers = Readonly<Record<string, string>>
const none: Headers = {}
/** Requests that may be in work at once, shared between the levels: upstream's two limits together. */
const seatsTotal = 600

export class Flows {
  readonly #store: Store
  #revision: Revision = -1
  #schemas: readonly FlowSchema[] = []
  /** Requests that wait for the outside, by the level they belong to. Others are over before the next one begins. */
  readonly #seated = new Map<Request, string>()
  readonly #taken = new Map<string, number>()

  constructor(store: Store) { this.#store = store }

  /** The headers that tell a client its flow. */
  headersFor(attributes: Attributes): Headers {
    const { schema, level } = this.#flowOf(attributes)
    if (schema === undefined) return none
    return { 'x-kubernetes-pf-flowschema-uid': schema.metadata.uid, ...(level !== undefined && { 'x-kubernetes-pf-prioritylevel-uid': level.metadata.uid }) }
  }

  /** Gives the request a seat of its level for as long as it waits for the outside; false when none is left. */
  takes(request: Request, attributes: Attributes): boolean {
    if (this.#seated.has(request)) return true
    const { level } = this.#flowOf(attributes)
    if (level === undefined || level.spec.type === 'Exempt') return true
    const { name } = level.metadata
    const taken = this.#taken.get(name) ?? 0
    if (taken >= this.#seatsOf(level)) return false
    this.#taken.set(name, taken + 1)
    this.#seated.set(request, name)
    return true
  }
  /** The request is over, however it ended. */
  leaves(request: Request): void {
    const name = this.#seated.get(request)
    if (name === undefined) return
    this.#seated.delete(request)
    this.#taken.set(name, (this.#taken.get(name) ?? 1) - 1)
  }

  /** A level's share of all seats; where it queues, its queues too: what would wait there waits outside as well. */
  #seatsOf({ spec: { limited } }: PriorityLevelConfiguration): number {
    let shares = 0
    for (const { spec } of this.#store.view.list(priorityLevelConfigurations)) shares += spec.limited?.nominalConcurrencyShares ?? spec.exempt?.nominalConcurrencyShares ?? 0
    const seats = Math.ceil(seatsTotal * (limited?.nominalConcurrencyShares ?? 0) / Math.max(shares, 1))
    const { queues = 0, queueLengthLimit = 0 } = limited?.limitResponse?.queuing ?? {}
    return limited?.limitResponse?.type === 'Queue' ? seats + queues * queueLengthLimit : seats
  }

  #flowOf(attributes: Attributes): { readonly schema?: FlowSchema; readonly level?: PriorityLevelConfiguration } {
    this.#follow()
    const schema = this.#schemas.find(({ spec }) => (spec.rules ?? []).some((rule) => matches(rule, attributes)))
    if (schema === undefined) return {}
    const level = this.#store.view.get(priorityLevelConfigurations, '', schema.spec.priorityLevelConfiguration?.name ?? '')
    return { schema, ...(level !== undefined && { level }) }
  }

  /** Schemas change seldom: looked at again only when one of them did. */
  #follow(): void {
    const { view } = this.#store
    if (view.revision === this.#revision) return
    const changes = this.#revision < 0 || view.revision < this.#revision ? 'compacted' : this.#store.changes(this.#revision, flowSchemas.resource)
    if (changes === 'compacted' || [...changes].length > 0) {
      const precedence = ({ spec }: FlowSchema): number => spec.matchingPrecedence ?? 0
      this.#schemas = [...view.list(flowSchemas)].sort((a, b) => precedence(a) - precedence(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
    }
    this.#revision = view.revision
  }
}

const anyOf = (listed: readonly string[], value: string): boolean => listed.includes('*') || listed.includes(value)

function matches({ subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, asked: Attributes): boolean {
  if (!subjects.some((subject) => isMeant(subject, asked.user))) return false
  if (asked.is === 'path') {
    return nonResourceRules.some(({ verbs, nonResourceURLs }) => anyOf(verbs, asked.verb)
      && nonResourceURLs.some((url) => url === '*' || url === asked.path || (url.endsWith('/*') && asked.path.startsWith(url.slice(0, -1)))))
  }
  const resource = asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`
  return resourceRules.some(({ verbs, apiGroups, resources, namespaces = [], clusterScope }) => anyOf(verbs, asked.verb) && anyOf(apiGroups, asked.group) && anyOf(resources, resource)
    && (asked.namespace === '' ? clusterScope === true : anyOf(namespaces, asked.namespace)))
}

function isMeant(subject: FlowcontrolV1Subject, user: User): boolean {
  switch (subject.kind) {
    case 'User': return subject.user?.name === '*' || subject.user?.name === user.name
    case 'Group': return subject.group?.name === '*' || user.groups.includes(subject.group?.name ?? '')
    case 'ServiceAccount': {
      const { namespace = '', name = '' } = subject.serviceAccount ?? {}
      return name === '*' ? user.name.startsWith(`system:serviceaccount:${namespace}:`) : user.name === `system:serviceaccount:${namespace}:${name}`
    }
    default: return false
  }
}
