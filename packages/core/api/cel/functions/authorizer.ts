// Authorization checks: authorizer.group('apps').resource('deployments').check('create').allowed().
import { checkLabelName, checkSubdomain } from '../../selectors/syntax.ts'
import type { CelType, Overload } from '../types.ts'
import { Fault, Opaque } from '../values.ts'
import { bool, costs, member, opaque, string } from './declare.ts'

/** What is asked: of a path, or of a resource; by the request's user, or by a service account. */
export type AccessQuestion = { readonly serviceAccount?: { readonly namespace: string; readonly name: string } } & (
  | { readonly is: 'path'; readonly path: string; readonly verb: string }
  | {
      readonly is: 'resource'; readonly group: string; readonly resource: string; readonly subresource: string; readonly namespace: string; readonly name: string; readonly verb: string
      readonly fieldSelector?: string; readonly labelSelector?: string
    }
)
export interface AccessDecision { readonly allowed: boolean; readonly reason: string; readonly error?: string }
export type DecideAccess = (question: AccessQuestion) => AccessDecision

type ResourceQuestion = Omit<Extract<AccessQuestion, { readonly is: 'resource' }>, 'verb'>
type Account = AccessQuestion['serviceAccount']

/** The value of the variable `authorizer`. */
export class Authorizer extends Opaque {
  readonly typeName = 'kubernetes.authorization.Authorizer'
  readonly decide: DecideAccess
  readonly account: Account
  constructor(decide: DecideAccess, account?: Account) { super(); this.decide = decide; this.account = account }
}
class PathCheck extends Opaque {
  readonly typeName = 'kubernetes.authorization.PathCheck'
  readonly authorizer: Authorizer
  readonly path: string
  constructor(authorizer: Authorizer, path: string) { super(); this.authorizer = authorizer; this.path = path }
}
class GroupCheck extends Opaque {
  readonly typeName = 'kubernetes.authorization.GroupCheck'
  readonly authorizer: Authorizer
  readonly group: string
  constructor(authorizer: Authorizer, group: string) { super(); this.authorizer = authorizer; this.group = group }
}
/** The value of the variable `authorizer.requestResource`, among others. */
export class ResourceCheck extends Opaque {
  readonly typeName = 'kubernetes.authorization.ResourceCheck'
  readonly authorizer: Authorizer
  readonly question: ResourceQuestion
  constructor(authorizer: Authorizer, question: ResourceQuestion) { super(); this.authorizer = authorizer; this.question = question }
  with(part: Partial<ResourceQuestion>): ResourceCheck { return new ResourceCheck(this.authorizer, { ...this.question, ...part }) }
}
class Decision extends Opaque {
  readonly typeName = 'kubernetes.authorization.Decision'
  readonly decision: AccessDecision
  constructor(decision: AccessDecision) { super(); this.decision = decision }
}

export const authorizerType: CelType = { is: 'opaque', name: 'kubernetes.authorization.Authorizer' }
export const resourceCheckType: CelType = { is: 'opaque', name: 'kubernetes.authorization.ResourceCheck' }
const authorizer = opaque<Authorizer>('kubernetes.authorization.Authorizer'), pathCheck = opaque<PathCheck>('kubernetes.authorization.PathCheck')
const groupCheck = opaque<GroupCheck>('kubernetes.authorization.GroupCheck'), resourceCheck = opaque<ResourceCheck>('kubernetes.authorization.ResourceCheck')
const decision = opaque<Decision>('kubernetes.authorization.Decision')

const nominal = costs(1)
// Upstream's price: it allows for two checks in one expression.
const check = costs(350_000)
const asking = (authorizer: Authorizer): { readonly serviceAccount?: NonNullable<Account> } => authorizer.account === undefined ? {} : { serviceAccount: authorizer.account }

function accountOf({ decide }: Authorizer, namespace: string, name: string): Authorizer | Fault {
  const nameFaults = checkSubdomain(name), namespaceFaults = checkLabelName(namespace)
  if (nameFaults.length > 0) return new Fault('Invalid service account name')
  return namespaceFaults.length > 0 ? new Fault('Invalid service account namespace') : new Authorizer(decide, { namespace, name })
}

export const access: readonly Overload[] = [
  member('path', [authorizer, string], pathCheck, (held, path) => path.trim() === '' ? new Fault('path must not be empty') : new PathCheck(held, path), nominal),
  member('group', [authorizer, string], groupCheck, (held, group) => new GroupCheck(held, group), nominal),
  member('serviceAccount', [authorizer, string, string], authorizer, accountOf, nominal),
  member('resource', [groupCheck, string], resourceCheck, (held, resource) => resource.trim() === '' ? new Fault('resource must not be empty')
    : new ResourceCheck(held.authorizer, { is: 'resource', group: held.group, resource, subresource: '', namespace: '', name: '' }), nominal),
  member('subresource', [resourceCheck, string], resourceCheck, (held, subresource) => held.with({ subresource }), nominal),
  member('namespace', [resourceCheck, string], resourceCheck, (held, namespace) => held.with({ namespace }), nominal),
  member('name', [resourceCheck, string], resourceCheck, (held, name) => held.with({ name }), nominal),
  member('fieldSelector', [resourceCheck, string], resourceCheck, (held, fieldSelector) => held.with({ fieldSelector }), nominal),
  member('labelSelector', [resourceCheck, string], resourceCheck, (held, labelSelector) => held.with({ labelSelector }), nominal),
  member('check', [pathCheck, string], decision, (held, verb) => new Decision(held.authorizer.decide({ is: 'path', path: held.path, verb, ...asking(held.authorizer) })), check),
  member('check', [resourceCheck, string], decision, (held, verb) => new Decision(held.authorizer.decide({ ...held.question, verb, ...asking(held.authorizer) })), check),
  member('allowed', [decision], bool, ({ decision: made }) => made.allowed, nominal),
  member('reason', [decision], string, ({ decision: made }) => made.reason, nominal),
  member('errored', [decision], bool, ({ decision: made }) => made.error !== undefined, nominal),
  member('error', [decision], string, ({ decision: made }) => made.error ?? '', nominal),
]
