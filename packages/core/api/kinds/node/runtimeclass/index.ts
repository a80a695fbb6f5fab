import { canonicalQuantity } from '../../../../base/quantity.ts'
import type { RuntimeClass as RuntimeClassModel, Toleration } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type RuntimeClass, runtimeClasses } from '../../../resources.ts'
import { checkLabelName } from '../../../selectors/syntax.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { checkResources } from '../../core/pod/resources.ts'
import { checkTolerations } from '../../core/pod/scheduling.ts'
import { eachValue, filling, withField } from '../../filling.ts'
import { checkLabels, checkMetadata } from '../../metadata.ts'
import { deprecation } from '../../nodelabels.ts'
import { checkRequiredText, duplicate, immutable } from '../../problems.ts'

function check(next: RuntimeClass, before: RuntimeClass | undefined): readonly Problem[] {
  const { handler = '', overhead, scheduling } = next
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkRequiredText('handler', handler, checkLabelName),
    // As upstream: what the sandbox takes is checked like a container's limits.
    ...(overhead?.podFixed === undefined ? [] : checkResources({ limits: overhead.podFixed }, 'overhead')),
    ...(scheduling === undefined ? [] : [
      ...checkLabels(scheduling.nodeSelector, 'scheduling.nodeSelector'),
      ...checkTolerations(scheduling.tolerations ?? [], 'scheduling.tolerations'),
      ...checkOnce(scheduling.tolerations ?? [], 'scheduling.tolerations'),
    ]),
    ...(before === undefined || before.handler === handler ? [] : [immutable('handler', handler)]),
  ]
}

/** Tolerations are told apart by all but their seconds. The value is told in upstream's own form. */
function checkOnce(tolerations: readonly Toleration[], path: string): readonly Problem[] {
  const seen = new Set<string>()
  return tolerations.flatMap(({ key = '', operator = '', value = '', effect = '', tolerationSeconds = null }, index) => {
    const identity = JSON.stringify([key, operator, value, effect])
    if (seen.has(identity)) return [duplicate(`${path}[${index}]`, { Key: key, Operator: operator, Value: value, Effect: effect, TolerationSeconds: tolerationSeconds })]
    seen.add(identity)
    return []
  })
}

const fill = (draft: RuntimeClassModel): RuntimeClassModel =>
  withField(draft, 'overhead', (overhead) => withField(overhead, 'podFixed', (amounts) => eachValue(amounts, canonicalQuantity)))

export const runtimeClass: Kind<RuntimeClass> = {
  ...runtimeClasses,
  singular: 'runtimeclass', shortNames: [], categories: [],
  hasStatus: false,
  served: [{
    group: 'node.k8s.io', version: 'v1', definition: 'io.k8s.api.node.v1.RuntimeClass', fill: filling(fill),
    columns: [
      nameColumn,
      text('Handler', 'handler specifies the underlying runtime and configuration that the CRI implementation will use to handle pods of this class.', ({ handler }) => handler ?? ''),
      ageColumn,
    ],
  }],
  check,
  warn: ({ scheduling }) => Object.keys(scheduling?.nodeSelector ?? {}).map(deprecation).flatMap((words) => (words === undefined ? [] : [`scheduling.nodeSelector: ${words}`])),
}
