import type { LimitedPriorityLevelConfiguration, LimitResponse, PriorityLevelConfiguration as PriorityLevelModel, PriorityLevelConfigurationSpec, QueuingConfiguration } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type PriorityLevelConfiguration, priorityLevelConfigurations } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkRequiredOneOf, forbidden, invalid, required } from '../../problems.ts'
import { checkConditionTypes } from '../conditions.ts'
import { mandatoryPriorityLevels } from '../mandatory.ts'

const queuesMax = 10_000_000
/** Bits of the hash that deals a hand of queues. */
const hashBits = 60
const countFault = 'must be a non-negative integer'
const queuingUsual = { handSize: 8, queues: 64, queueLengthLimit: 50 } as const

function fill(draft: PriorityLevelModel): PriorityLevelModel {
  return withField(withParts(draft, 'spec', 'status'), 'spec', (spec) => {
    const exempt = withField(spec, 'exempt', (level) => withDefaults(level, { nominalConcurrencyShares: 0, lendablePercent: 0 }))
    return withField(exempt, 'limited', (level) => withField(withDefaults(level, { nominalConcurrencyShares: 30, lendablePercent: 0 }), 'limitResponse', (response) => withField(response, 'queuing', fillQueuing)))
  })
}

function fillQueuing(queuing: QueuingConfiguration): QueuingConfiguration {
  // As Go reads them: a zero is the absence of a value.
  const fields = (['handSize', 'queues', 'queueLengthLimit'] as const).filter((field) => !queuing[field])
  return fields.length === 0 ? queuing : { ...queuing, ...Object.fromEntries(fields.map((field) => [field, queuingUsual[field]])) }
}

function check(next: PriorityLevelConfiguration, before: PriorityLevelConfiguration | undefined): readonly Problem[] {
  const { spec, metadata: { name } } = next
  return [...checkMetadata(next, before, { scope: 'Cluster' }), ...checkSpec(spec, name), ...checkFixed(spec, name)]
}

function checkSpec({ type, exempt, limited }: PriorityLevelConfigurationSpec, name: string): readonly Problem[] {
  const named = (name === 'exempt') === (type === 'Exempt') ? [] : [invalid('spec.type', type ?? '', "type must be 'Exempt' if and only if name is 'exempt'")]
  switch (type) {
    case 'Exempt': return [
      ...named, ...(limited === undefined ? [] : [forbidden('spec.limited', 'must be nil if the type is not Limited')]),
      ...(exempt === undefined ? [] : [...checkCount('spec.exempt.nominalConcurrencyShares', exempt.nominalConcurrencyShares, countFault), ...checkPercent('spec.exempt.lendablePercent', exempt.lendablePercent)]),
    ]
    case 'Limited': return [
      ...named, ...(exempt === undefined ? [] : [forbidden('spec.exempt', 'must be nil if the type is Limited')]),
      ...(limited === undefined ? [required('spec.limited', 'must not be empty when type is Limited')] : checkLimited(limited)),
    ]
    default: return [...named, ...checkRequiredOneOf('spec.type', type, ['Exempt', 'Limited'])]
  }
}

const checkCount = (path: string, value: number | undefined, detail: string): readonly Problem[] => (value !== undefined && value < 0 ? [invalid(path, value, detail)] : [])
const checkPercent = (path: string, value: number | undefined): readonly Problem[] =>
  (value !== undefined && (value < 0 || value > 100) ? [invalid(path, value, 'must be between 0 and 100, inclusive')] : [])

function checkLimited({ nominalConcurrencyShares, lendablePercent, borrowingLimitPercent, limitResponse }: LimitedPriorityLevelConfiguration): readonly Problem[] {
  return [
    ...checkCount('spec.limited.nominalConcurrencyShares', nominalConcurrencyShares, countFault),
    ...checkResponse(limitResponse),
    ...checkPercent('spec.limited.lendablePercent', lendablePercent),
    ...checkCount('spec.limited.borrowingLimitPercent', borrowingLimitPercent, `if specified, ${countFault}`),
  ]
}

function checkResponse(response: LimitResponse | undefined): readonly Problem[] {
  const path = 'spec.limited.limitResponse'
  switch (response?.type) {
    case 'Reject': return response.queuing === undefined ? [] : [forbidden(`${path}.queuing`, 'must be nil if limited.limitResponse.type is not Limited')]
    case 'Queue': return response.queuing === undefined ? [required(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')] : checkQueuing(response.queuing, `${path}.queuing`)
    default: return checkRequiredOneOf(`${path}.type`, response?.type, ['Queue', 'Reject'])
  }
}

function checkQueuing({ queueLengthLimit = 0, queues = 0, handSize = 0 }: QueuingConfiguration, path: string): readonly Problem[] {
  const hand = (detail: string): readonly Problem[] => [invalid(`${path}.handSize`, handSize, detail)]
  const bits = handSize > 0 && handSize <= queues ? entropyBits(queues, handSize) : 0
  return [
    ...(queueLengthLimit <= 0 ? [invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive')] : []),
    ...(queues <= 0 ? [invalid(`${path}.queues`, queues, 'must be positive')] : queues > queuesMax ? [invalid(`${path}.queues`, queues, `must not be greater than ${queuesMax}`)] : []),
    ...(handSize <= 0 ? hand('must be positive') : handSize > queues ? hand(`should not be greater than queues (${queues})`)
      : bits > hashBits ? hand(`required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`) : []),
  ]
}

/** How many bits it takes to deal a hand of this many from a deck. Stops once it is too many. */
function entropyBits(deck: number, hand: number): number {
  let bits = 0
  for (let dealt = 0; dealt < hand && bits <= hashBits; dealt++) bits += Math.log2(deck - dealt)
  return Math.ceil(bits)
}

/** What the mandatory levels are may not change; of the exempt one its exemption may. */
function checkFixed(spec: PriorityLevelConfigurationSpec, name: string): readonly Problem[] {
  const fixed = Object.hasOwn(mandatoryPriorityLevels, name) ? mandatoryPriorityLevels[name] : undefined
  if (fixed === undefined) return []
  if (name !== 'exempt') return sameMeaning(spec, fixed) ? [] : [invalid('spec', spec, `spec of '${name}' must equal the fixed value`)]
  return sameMeaning({ ...spec, exempt: fixed.exempt }, fixed) ? [] : [invalid('spec', spec, `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`)]
}

const none = '<none>'
const queuingOf = ({ spec }: PriorityLevelConfiguration): QueuingConfiguration => spec.limited?.limitResponse?.queuing ?? {}

export const priorityLevelConfiguration: Kind<PriorityLevelConfiguration> = {
  ...priorityLevelConfigurations,
  singular: 'prioritylevelconfiguration', shortNames: [], categories: [],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group: 'flowcontrol.apiserver.k8s.io', version: 'v1', definition: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration', fill: filling(fill),
    columns: [
      nameColumn,
      text('Type', '`type` indicates whether this priority level is subject to limitation on request execution.  A value of `"Exempt"` means that requests of this priority level are not subject to a limit (and thus are never queued) and do not detract from the capacity made available to other priority levels.  A value of `"Limited"` means that (a) requests of this priority level _are_ subject to limits and (b) some of the server\'s limited capacity is made available exclusively to this priority level. Required.', ({ spec }) => spec.type ?? ''),
      text('NominalConcurrencyShares', '`nominalConcurrencyShares` (NCS) contributes to the computation of the NominalConcurrencyLimit (NominalCL) of this level. This is the number of execution seats available at this priority level.', ({ spec }) => spec.limited?.nominalConcurrencyShares ?? none),
      text('Queues', '`queues` is the number of queues for this priority level. The queues exist independently at each apiserver. The value must be positive.  Setting it to 1 effectively precludes shufflesharding and thus makes the distinguisher method of associated flow schemas irrelevant.  This field has a default value of 64.', (level) => queuingOf(level).queues ?? none),
      text('HandSize', '`handSize` is a small positive number that configures the shuffle sharding of requests into queues.  This field has a default value of 8.', (level) => queuingOf(level).handSize ?? none),
      text('QueueLengthLimit', '`queueLengthLimit` is the maximum number of requests allowed to be waiting in a given queue of this priority level at a time; excess requests are rejected.  This value must be positive.  If not specified, it will be defaulted to 50.', (level) => queuingOf(level).queueLengthLimit ?? none),
      ageColumn,
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  check,
  checkStatus: ({ status }) => checkConditionTypes(status.conditions),
  subresources: [{ name: 'status', is: 'status' }],
}
