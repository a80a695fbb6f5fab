// Fields that upstream writes as null when they hold nothing, because its types say so: clients find them in what is shown. In the
// store they are absent, and who sends a null back says nothing.
import { messageName } from '../protobuf/messages.ts'
import { loadDefinitions } from './definitions.ts'
import type { Definition } from './types.ts'

/** A line per message, as protobuf's table calls it. */
const writtenAsNull = `
apiextensions.v1.CustomResourceDefinitionCondition lastTransitionTime
apiextensions.v1.CustomResourceDefinitionStatus conditions storedVersions
apiregistration.v1.APIServiceCondition lastTransitionTime
apps.v1.DaemonSetCondition lastTransitionTime
apps.v1.DeploymentCondition lastTransitionTime lastUpdateTime
apps.v1.ReplicaSetCondition lastTransitionTime
apps.v1.StatefulSetCondition lastTransitionTime
autoscaling.v1.HorizontalPodAutoscalerCondition lastTransitionTime
autoscaling.v2.HorizontalPodAutoscalerCondition lastTransitionTime
autoscaling.v2.HorizontalPodAutoscalerStatus currentMetrics
batch.v1.JobCondition lastProbeTime lastTransitionTime
certificates.v1.CertificateSigningRequestCondition lastTransitionTime lastUpdateTime
core.v1.ContainerImage names
core.v1.ContainerStateRunning startedAt
core.v1.ContainerStateTerminated finishedAt startedAt
core.v1.Event eventTime firstTimestamp lastTimestamp
core.v1.EventSeries lastObservedTime
core.v1.LimitRangeSpec limits
core.v1.NamespaceCondition lastTransitionTime
core.v1.NodeCondition lastHeartbeatTime lastTransitionTime
core.v1.PersistentVolumeClaimCondition lastProbeTime lastTransitionTime
core.v1.PodCondition lastProbeTime lastTransitionTime
core.v1.ProjectedVolumeSource sources
core.v1.ReplicationControllerCondition lastTransitionTime
core.v1.TypedLocalObjectReference apiGroup
core.v1.TypedObjectReference apiGroup
discovery.v1.EndpointSlice endpoints ports
events.v1.Event deprecatedFirstTimestamp deprecatedLastTimestamp eventTime
events.v1.EventSeries lastObservedTime
flowcontrol.v1.FlowSchemaCondition lastTransitionTime
flowcontrol.v1.PriorityLevelConfigurationCondition lastTransitionTime
meta.v1.Condition lastTransitionTime
rbac.v1.ClusterRole rules
rbac.v1.Role rules
resource.v1.AllocatedDeviceStatus conditions
resource.v1.DeviceClaim requests
storage.v1.CSINodeDriver topologyKeys
storage.v1.CSINodeSpec drivers
storage.v1.VolumeError time
`
let known: ReadonlyMap<string, readonly string[]> | undefined
const read = (): ReadonlyMap<string, readonly string[]> => new Map(writtenAsNull.trim().split('\n').map((line) => { const [message = '', ...fields] = line.split(' '); return [message, fields] }))

/** What a definition writes as null itself, and the fields in which something may. */
interface Plan { readonly nulls: readonly string[]; readonly below: readonly (readonly [string, Plan])[] }
const plans = new Map<string, Plan | undefined>()

function planOf(definition: Definition): Plan | undefined {
  if (plans.has(definition.name)) return plans.get(definition.name)
  // What holds itself is not looked at again: schemas have no such fields.
  plans.set(definition.name, undefined)
  known ??= read()
  const nulls = known.get(messageName(definition.name)) ?? []
  const below = Object.entries(definition.fields).flatMap(([name, field]): readonly (readonly [string, Plan])[] => {
    const ref = (field.items ?? field).ref
    const inner = ref === undefined ? undefined : loadDefinitions().get(ref)
    const plan = inner === undefined || inner.scalar !== undefined ? undefined : planOf(inner)
    return plan === undefined ? [] : [[name, plan]]
  })
  const plan = nulls.length === 0 && below.length === 0 ? undefined : { nulls, below }
  plans.set(definition.name, plan)
  return plan
}

/** Whether objects of this definition may have such fields. */
export function mayShowNulls(name: string): boolean {
  if (plans.has(name)) return plans.get(name) !== undefined
  const definition = loadDefinitions().get(name)
  return definition !== undefined && planOf(definition) !== undefined
}

/** The object as it is shown: with its nulls. The object itself, when it has nothing to be null. */
export function withNulls(name: string, object: object): object {
  const plan = plans.get(name)
  return plan === undefined ? object : completed(object as Readonly<Record<string, unknown>>, plan)
}

function completed(object: Readonly<Record<string, unknown>>, { nulls, below }: Plan): object {
  let made: Record<string, unknown> | undefined
  for (const name of nulls) {
    const value = object[name]
    if (value === undefined || (Array.isArray(value) && value.length === 0)) (made ??= { ...object })[name] = null
  }
  for (const [name, plan] of below) {
    const value = object[name]
    if (typeof value !== 'object' || value === null) continue
    const shown = Array.isArray(value) ? completedList(value, plan) : completed(value as Readonly<Record<string, unknown>>, plan)
    if (shown !== value) (made ??= { ...object })[name] = shown
  }
  return made ?? object
}
function completedList(list: readonly unknown[], plan: Plan): readonly unknown[] {
  let made: unknown[] | undefined
  for (const [at, item] of list.entries()) {
    if (typeof item !== 'object' || item === null) continue
    const shown = completed(item as Readonly<Record<string, unknown>>, plan)
    if (shown !== item) (made ??= [...list])[at] = shown
  }
  return made ?? list
}
