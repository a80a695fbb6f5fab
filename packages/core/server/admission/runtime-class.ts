// RuntimeClass: what a pod's class adds to it. Behaviour and words: upstream's plugin of this name.
import { sameMeaning } from '../../api/kinds/equal.ts'
import type { Refusal } from '../../api/refusal.ts'
import { isRefusal } from '../../api/refusal.ts'
import { type Pod, pods, type RuntimeClass, runtimeClasses } from '../../api/resources.ts'
import { compareQuantities, parseQuantity } from '../../base/quantity.ts'
import { forbidden } from '../refusals.ts'
import type { Admission, Plugin } from './types.ts'

export const runtimeClass: Plugin = {
  name: 'RuntimeClass', operations: ['create'], resources: [pods.resource],
  mutate(admission) {
    const { object } = admission
    if (!isAbout(admission)) return object
    const pod = object as Pod
    const found = classOf(admission)
    if (isRefusal(found)) return found
    if (found === undefined) return pod
    const fixed = found.overhead?.podFixed
    if (found.overhead !== undefined && pod.spec.overhead !== undefined && !sameAmounts(fixed, pod.spec.overhead)) return differs(admission)
    return withScheduling(admission, fixed === undefined ? pod : { ...pod, spec: { ...pod.spec, overhead: fixed } }, found)
  },
  validate(admission) {
    if (!isAbout(admission)) return undefined
    const { overhead } = (admission.object as Pod).spec
    const found = classOf(admission)
    if (isRefusal(found)) return found
    if (found?.overhead !== undefined) return sameAmounts(found.overhead.podFixed, overhead) ? undefined : differs(admission)
    return overhead === undefined ? undefined : refusal(admission, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
  },
}

const isAbout = ({ subresource }: Admission): boolean => subresource === ''
const refusal = ({ kind, object }: Admission, why: string): Refusal => forbidden(kind, object.metadata.name, why)
const differs = (admission: Admission): Refusal => refusal(admission, 'pod rejected: Pod\'s Overhead doesn\'t match RuntimeClass\'s defined Overhead')

function classOf(admission: Admission): RuntimeClass | Refusal | undefined {
  const name = (admission.object as Pod).spec.runtimeClassName
  if (name === undefined) return undefined
  return admission.circumstances.view.get(runtimeClasses, '', name) ?? refusal(admission, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
}

function sameAmounts(left: Readonly<Record<string, string>> | undefined = {}, right: Readonly<Record<string, string>> | undefined = {}): boolean {
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => {
    const [a, b] = [parseQuantity(left[name] ?? ''), parseQuantity(right[name] ?? '')]
    return a !== undefined && b !== undefined && compareQuantities(a, b) === 0
  })
}

function withScheduling(admission: Admission, pod: Pod, { scheduling }: RuntimeClass): Pod | Refusal {
  if (scheduling === undefined) return pod
  const own = pod.spec.nodeSelector ?? {}
  const wanted = scheduling.nodeSelector ?? {}
  const clash = Object.keys(wanted).sort().find((key) => own[key] !== undefined && own[key] !== wanted[key])
  if (clash !== undefined) {
    return refusal(admission, `conflict: runtimeClass.scheduling.nodeSelector[${clash}] = ${wanted[clash]}; pod.spec.nodeSelector[${clash}] = ${own[clash]}`)
  }
  const nodeSelector = { ...own, ...wanted }
  const tolerations = [...(pod.spec.tolerations ?? [])]
  for (const toleration of scheduling.tolerations ?? []) if (!tolerations.some((each) => sameMeaning(each, toleration))) tolerations.push(toleration)
  return { ...pod, spec: { ...pod.spec, ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }), ...(tolerations.length > 0 && { tolerations }) } }
}
