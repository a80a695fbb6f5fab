// Upstream cannot tell a zero from nothing in most fields, and writes neither; where it can (its fields are pointers), a zero
// counts. How it holds a field stands in protobuf's table, as there it decides too.
import { messageName, type Slot, slotsOf } from '../protobuf/messages.ts'

/** Optional fields that upstream writes even when they are zero. */
const writtenAsZero: Readonly<Record<string, string>> = {
  'apps.v1.StatefulSetOrdinals': 'start', 'apps.v1.StatefulSetStatus': 'availableReplicas', 'autoscaling.v1.ScaleSpec': 'replicas',
  'flowcontrol.v1.FlowSchemaSpec': 'matchingPrecedence', 'flowcontrol.v1.QueuingConfiguration': 'queues handSize queueLengthLimit',
  'policy.v1.PodDisruptionBudgetStatus': 'disruptionsAllowed currentHealthy desiredHealthy expectedPods', 'scheduling.v1.PriorityClass': 'value',
}

type Held = Extract<Slot, { readonly is: 'field' }>
const fieldsOf = (message: string): readonly Held[] => [...(slotsOf(message)?.values() ?? [])].flatMap((slot) => (slot.is === 'inlined' ? fieldsOf(slot.message) : [slot]))
const names = (definition: string, held: Held['held']): readonly string[] => fieldsOf(messageName(definition)).filter((slot) => slot.held === held).map(({ name }) => name)

/** Fields of a definition whose 0 or false is the same as absence. */
export const zerosDropped = (definition: string): ReadonlySet<string> =>
  new Set(names(definition, 'usually')).difference(new Set((writtenAsZero[messageName(definition)] ?? '').split(' ')))
/** Fields of a definition whose '' is a value; every other optional text is absent when it is empty. */
export const emptiesKept = (definition: string): ReadonlySet<string> => new Set(names(definition, 'by pointer'))
