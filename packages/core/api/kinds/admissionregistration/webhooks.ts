// What both kinds of webhook configurations share, as upstream's pkg/apis/admissionregistration: defaults and validation.
import type { MutatingWebhook, ValidatingWebhook } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import type { Resource } from '../../resource.ts'
import { checkLabel1035, checkSubdomain } from '../../selectors/syntax.ts'
import { sameMeaning } from '../equal.ts'
import { withDefaults, withField } from '../filling.ts'
import { checkLabelSelector } from '../labelselector.ts'
import { checkMetadata } from '../metadata.ts'
import { checkOneOf, checkText, duplicate, invalid, required, unsupported } from '../problems.ts'
import { checkClientPlace } from '../serviceurls.ts'
import { checkMatchConditions } from './conditions.ts'
import { checkRule, failurePolicies, fillRules, matchPolicies } from './rules.ts'

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>

export function fillWebhook<Hook extends ValidatingWebhook>(hook: Hook): Hook {
  const filled: ValidatingWebhook = withDefaults<ValidatingWebhook>(hook, { failurePolicy: 'Fail', matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, timeoutSeconds: 10 })
  const placed = withField(filled, 'clientConfig', (client) => withField(client, 'service', (service) => withDefaults(service, { port: 443 })))
  return withField(placed, 'rules', fillRules) as Hook
}

const versions: readonly string[] = ['v1', 'v1beta1']
const sideEffects: readonly string[] = ['None', 'NoneOnDryRun']
/** Faults that an object has had before are no reason to refuse another change of it. */
interface Tolerated { readonly sideEffects: boolean; readonly versions: boolean; readonly names: boolean; readonly conditions: boolean }

/** The webhooks of a configuration. */
export function checkWebhooks(next: Resource & { readonly webhooks?: readonly Webhook[] }, before: (Resource & { readonly webhooks?: readonly Webhook[] }) | undefined): readonly Problem[] {
  const hooks = next.webhooks ?? []
  const tolerated = toleratedOf(hooks, before?.webhooks)
  const names = new Set<string>()
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...hooks.flatMap((hook, index) => {
      const path = `webhooks[${index}]`
      const repeated = !tolerated.names && hook.name !== '' && names.has(hook.name)
      names.add(hook.name)
      return [...checkWebhook(path, hook, tolerated), ...checkVersions(`${path}.admissionReviewVersions`, hook.admissionReviewVersions ?? [], tolerated), ...(repeated ? [duplicate(`${path}.name`, hook.name)] : [])]
    }),
  ]
}

function toleratedOf(hooks: readonly Webhook[], before: readonly Webhook[] | undefined): Tolerated {
  if (before === undefined) return { sideEffects: false, versions: false, names: false, conditions: false }
  return {
    sideEffects: before.some((hook) => !sideEffects.includes(hook.sideEffects)),
    versions: before.some(({ admissionReviewVersions: known = [] }) => known.length > 0 && !known.some((version) => versions.includes(version))),
    names: new Set(before.map(({ name }) => name)).size < before.length,
    conditions: hooks.length === before.length && hooks.every(({ matchConditions }, index) => sameMeaning(matchConditions, before[index]?.matchConditions)),
  }
}

function checkWebhook(path: string, hook: Webhook, tolerated: Tolerated): readonly Problem[] {
  const effects = tolerated.sideEffects ? ['None', 'NoneOnDryRun', 'Some', 'Unknown'] : sideEffects
  const { timeoutSeconds } = hook
  return [
    ...checkHookName(`${path}.name`, hook.name ?? ''),
    ...(hook.rules ?? []).flatMap((rule, index) => checkRule(`${path}.rules[${index}]`, rule)),
    ...checkOneOf(`${path}.failurePolicy`, hook.failurePolicy, failurePolicies),
    ...checkOneOf(`${path}.matchPolicy`, hook.matchPolicy, matchPolicies),
    ...(hook.sideEffects === undefined ? [required(`${path}.sideEffects`, `must specify one of ${effects.join(', ')}`)]
      : effects.includes(hook.sideEffects) ? [] : [unsupported(`${path}.sideEffects`, hook.sideEffects, effects)]),
    ...(timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1) ? [invalid(`${path}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds')] : []),
    ...checkLabelSelector(hook.namespaceSelector, `${path}.namespaceSelector`),
    ...checkLabelSelector(hook.objectSelector, `${path}.objectSelector`),
    ...checkOneOf(`${path}.reinvocationPolicy`, hook.reinvocationPolicy, ['IfNeeded', 'Never']),
    ...checkClientPlace(`${path}.clientConfig`, hook.clientConfig ?? {}),
    ...(tolerated.conditions ? [] : checkMatchConditions(`${path}.matchConditions`, hook.matchConditions, false)),
  ]
}

/** The fully qualified name of a webhook: at least three segments. */
function checkHookName(path: string, name: string): readonly Problem[] {
  if (name === '') return [required(path)]
  const faults = checkSubdomain(name)
  if (faults.length > 0) return [invalid(path, name, faults.join(','))]
  return name.split('.').length < 3 ? [invalid(path, name, 'should be a domain with at least three segments separated by dots')] : []
}

function checkVersions(path: string, known: readonly string[], tolerated: Tolerated): readonly Problem[] {
  if (known.length === 0) return [required(path, `must specify one of ${versions.join(', ')}`)]
  return [
    ...known.flatMap((version, index) => (known.indexOf(version) < index ? [invalid(`${path}[${index}]`, version, 'duplicate version')] : checkText(`${path}[${index}]`, version, checkLabel1035))),
    ...(tolerated.versions || known.some((version) => versions.includes(version)) ? [] : [invalid(path, known, `must include at least one of ${versions.join(', ')}`)]),
  ]
}
