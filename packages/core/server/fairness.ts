// Which flow a request belongs to, as priority and fairness sees it: the first schema by precedence that matches.
import type { FlowcontrolV1Subject, PolicyRulesWithSubjects } from '../api/generated/types.ts'
import { type FlowSchema, flowSchemas, priorityLevelConfigurations } from '../api/resources.ts'
import type { Revision } from '../api/resource.ts'
import type { Store } from '../store/types.ts'
import type { Attributes, User } from './access/types.ts'

type Headers = Readonly<Record<string, string>>
const none: Headers = {}

export class Flows {
  readonly #store: Store
  #revision: Revision = -1
  #schemas: readonly FlowSchema[] = []

  constructor(store: Store) { this.#store = store }

  /** The headers that tell a client its flow. */
  headersFor(attributes: Attributes): Headers {
    this.#follow()
    const schema = this.#schemas.find(({ spec }) => (spec.rules ?? []).some((rule) => matches(rule, attributes)))
    if (schema === undefined) return none
    const level = this.#store.view.get(priorityLevelConfigurations, '', schema.spec.priorityLevelConfiguration?.name ?? '')
    return { 'x-kubernetes-pf-flowschema-uid': schema.metadata.uid, ...(level !== undefined && { 'x-kubernetes-pf-prioritylevel-uid': level.metadata.uid }) }
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
