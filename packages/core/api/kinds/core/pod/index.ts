import { warningsOfProfiles, withAnnotatedProfiles } from './app-armor.ts'
import { withLabelKeys } from './label-keys.ts'
import { podsByNode } from '../../../indexes.ts'
import type { Kind } from '../../../kind.ts'
import { type Pod, pods } from '../../../resources.ts'
import { filling } from '../../filling.ts'
import { proxySubresource } from '../proxy.ts'
import { podColumns } from './columns.ts'
import { fillPod } from './defaults.ts'
import { qualityOf } from './quality.ts'
import { evict } from './eviction.ts'
import { bind } from './subresources.ts'
import { checkEphemeralUpdate, checkResize, withEphemeral, withResources } from './running.ts'
import { checkPodStatus } from './status.ts'
import { checkPod } from './validation.ts'
import { warningsOfScript } from './scripts.ts'
import { warningsOfPodSpec } from './warnings.ts'

export const pod: Kind<Pod> = {
  ...pods,
  singular: 'pod', shortNames: ['po'], categories: ['all'],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.Pod',
    fill: filling(fillPod),
    columns: podColumns,
    fields: {
      'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
      'spec.host': ({ spec }) => spec.nodeName ?? '',
      'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
      'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
      'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
      'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
      'status.phase': ({ status }) => status.phase ?? '',
      'status.podIP': ({ status }) => status.podIPs?.[0]?.ip ?? status.podIP ?? '',
      'status.podIPs': ({ status }) => status.podIPs?.[0]?.ip ?? status.podIP ?? '',
      'status.nominatedNodeName': ({ status }) => status.nominatedNodeName ?? '',
    },
    indexed: { 'spec.nodeName': podsByNode, 'spec.host': podsByNode },
  }],
  prepare: (next, before) => {
    if (before !== undefined) return { ...next, status: before.status }
    const gated = next.spec.schedulingGates !== undefined && next.spec.schedulingGates.length > 0
    const waiting = { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' }
    return { ...next, spec: withAnnotatedProfiles(withLabelKeys(next.spec, next.metadata.labels), next.metadata.annotations), status: { phase: 'Pending', qosClass: qualityOf(next.spec), ...(gated ? { conditions: [waiting] } : {}) } }
  },
  check: checkPod,
  // As upstream: people do not edit pods.
  warn: (next, before) => [...(before === undefined ? [...warningsOfProfiles(next.metadata.annotations, next.spec, 'metadata.annotations'), ...warningsOfPodSpec(next.spec, 'spec')] : []), ...(before?.metadata.annotations === next.metadata.annotations ? [] : warningsOfScript(next.metadata, next.spec, 'metadata.annotations'))],
  checkStatus: checkPodStatus,
  graceSeconds: (object, asked) => {
    // Nothing runs that could use the time.
    if (!object.spec.nodeName || object.status.phase === 'Succeeded' || object.status.phase === 'Failed') return 0
    const seconds = asked ?? object.spec.terminationGracePeriodSeconds ?? 30
    return seconds < 0 ? 1 : seconds
  },
  subresources: [
    { name: 'status', is: 'status' },
    { name: 'log', is: 'connect', verbs: ['get'] },
    { name: 'exec', is: 'connect', verbs: ['create', 'get'] },
    { name: 'attach', is: 'connect', verbs: ['create', 'get'] },
    { name: 'portforward', is: 'connect', verbs: ['create', 'get'] },
    proxySubresource,
    { name: 'ephemeralcontainers', is: 'update', verbs: ['get', 'patch', 'update'], merge: withEphemeral, check: checkEphemeralUpdate },
    { name: 'resize', is: 'update', verbs: ['get', 'patch', 'update'], merge: withResources, check: checkResize },
    { name: 'binding', is: 'create', body: { group: '', version: 'v1', kind: 'Binding' }, handle: bind },
    { name: 'eviction', is: 'create', body: { group: 'policy', version: 'v1', kind: 'Eviction' }, handle: evict },
  ],
}
