// The defaults of pods and pod templates, as upstream's pkg/apis/core/v1/defaults.go and its conversions.
import { canonicalQuantity, formatQuantity, roundedToMilli } from '../../../../base/quantity.ts'
import type {
  Container, ContainerPort, EnvVar, EphemeralContainer, Lifecycle, LifecycleHandler, Pod, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, Volume,
} from '../../../generated/types.ts'
import { eachOf, eachValue, withDefaults, withField, withParts } from '../../filling.ts'
import { fillClaimSpec } from '../claims.ts'
import { isCompute, isForPods, requestsOf } from './resources.ts'

const readableByAll = 0o644
const tokenSeconds = 3600

/** A pod with its defaults. */
export function fillPod(pod: Pod): Pod {
  const shaped = withParts(pod, 'spec', 'status')
  return withField(shaped, 'spec', (spec) => fillOnlyPods(fillPodSpec(withDefaults(spec, { enableServiceLinks: true }))))
}

/** A pod template with its defaults: those of a pod that upstream leaves to the pod itself are not among them. */
export function fillTemplate(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const shaped = withParts(template ?? {}, 'metadata', 'spec')
  return withField(shaped, 'spec', fillPodSpec)
}

function fillPodSpec(draft: PodSpec): PodSpec {
  let spec = withDefaults(draft, {
    // Never absent, so that all who come before the check can rely on it; the check says that it is required.
    containers: [],
    dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', schedulerName: 'default-scheduler', securityContext: {}, terminationGracePeriodSeconds: 30,
    // The old name and the new one say the same.
    serviceAccountName: draft.serviceAccount, serviceAccount: draft.serviceAccountName,
  })
  if (spec.serviceAccountName !== spec.serviceAccount) spec = { ...spec, serviceAccount: spec.serviceAccountName ?? '' }
  spec = withField(spec, 'containers', (containers) => eachOf(containers, fillContainer))
  spec = withField(spec, 'initContainers', (containers) => eachOf(containers, fillContainer))
  spec = withField(spec, 'ephemeralContainers', (containers) => eachOf(containers, fillEphemeral))
  spec = withField(spec, 'volumes', (volumes) => eachOf(volumes, fillVolume))
  spec = withField(spec, 'overhead', (overhead) => eachValue(overhead, roundedToMilli))
  return withField(spec, 'resources', fillResources)
}

/** What upstream defaults in pods only and not in templates. */
function fillOnlyPods(draft: PodSpec): PodSpec {
  let spec = withField(draft, 'containers', (containers) => eachOf(containers, requestsFromLimits))
  spec = withField(spec, 'initContainers', (containers) => eachOf(containers, requestsFromLimits))
  spec = withOwnRequests(spec)
  if (spec.hostNetwork !== true) return spec
  spec = withField(spec, 'containers', (containers) => eachOf(containers, portsOnHost))
  return withField(spec, 'initContainers', (containers) => eachOf(containers, portsOnHost))
}

/** A pod that says resources for all its containers asks for what these ask for together, and else for as much as it may use. */
function withOwnRequests(spec: PodSpec): PodSpec {
  const { limits = {}, requests = {} } = spec.resources ?? {}
  if (Object.keys(limits).length + Object.keys(requests).length === 0) return spec
  const summed = [...requestsOf(spec)].filter(([name]) => isCompute(name)).map(([name, sum]) => [name, formatQuantity(sum)])
  const filled = withDefaults<Readonly<Record<string, string>>>(withDefaults<Readonly<Record<string, string>>>(requests, Object.fromEntries(summed)), Object.fromEntries(Object.entries(limits).filter(([name]) => isForPods(name))))
  return filled === requests || Object.keys(filled).length === 0 ? spec : { ...spec, resources: { ...spec.resources, requests: filled } }
}

function requestsFromLimits(container: Container): Container {
  const limits = container.resources?.limits
  if (limits === undefined) return container
  return withField(container, 'resources', (resources) => {
    const requests = withDefaults<Readonly<Record<string, string>>>(resources.requests ?? {}, limits)
    return requests === resources.requests || (resources.requests === undefined && Object.keys(requests).length === 0) ? resources : { ...resources, requests }
  })
}

function portsOnHost(container: Container): Container {
  return withField(container, 'ports', (ports) => eachOf(ports, (port) => (port.hostPort ? port : { ...port, hostPort: port.containerPort })))
}

function fillContainer(draft: Container): Container {
  const container = withDefaults(draft, {
    imagePullPolicy: pullPolicy(draft.image ?? ''), resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File',
  })
  return fillParts(container)
}

/** Ephemeral containers have the same defaults; their ports and probes are refused later, not filled. */
function fillEphemeral(draft: EphemeralContainer): EphemeralContainer {
  return fillParts(withDefaults(draft, {
    imagePullPolicy: pullPolicy(draft.image ?? ''), resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File',
  }))
}

function fillParts<Any extends Container | EphemeralContainer>(draft: Any): Any {
  let container: Container | EphemeralContainer = draft
  container = withField(container, 'ports', (ports) => eachOf(ports, fillPort))
  container = withField(container, 'env', (env) => eachOf(env, fillVariable))
  container = withField(container, 'livenessProbe', fillProbe)
  container = withField(container, 'readinessProbe', fillProbe)
  container = withField(container, 'startupProbe', fillProbe)
  container = withField(container, 'lifecycle', fillLifecycle)
  container = withField(container, 'resources', fillResources)
  return container as Any
}

const fillPort = (port: ContainerPort): ContainerPort => withDefaults(port, { protocol: 'TCP' })

/** The name of an image without tag and digest: a registry with capitals, dots or a port may stand before the lower case path. */
const imageName = /^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?\/|\[[0-9A-Fa-f:]+\](?::[0-9]+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/

/** The policy that upstream gives an image: Always for ':latest' and no tag at all, IfNotPresent for another tag, a digest and what names no image. */
export function pullPolicy(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent'
  const start = image.lastIndexOf('/') + 1
  const last = image.slice(start)
  const end = last.indexOf(':')
  if (!imageName.test(end < 0 ? image : image.slice(0, start + end))) return 'IfNotPresent'
  const tag = end < 0 ? 'latest' : last.slice(end + 1)
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function fillVariable(variable: EnvVar): EnvVar {
  return withField(variable, 'valueFrom', (from) => {
    const field = withField(from, 'fieldRef', (reference) => withDefaults(reference, { apiVersion: 'v1' }))
    const key = withField(field, 'resourceFieldRef', (reference) => withDefaults(withField(reference, 'divisor', canonicalQuantity), { divisor: '0' }))
    return withField(key, 'fileKeyRef', (reference) => withDefaults(reference, { optional: false }))
  })
}

function fillProbe(draft: Probe): Probe {
  const probe = withField(withDefaults(draft, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }), 'grpc', (grpc) => withDefaults(grpc, { service: '' }))
  // As Go reads them: a zero is the absence of a value.
  const zeroes = (['timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const).some((field) => probe[field] === 0)
  const counted = zeroes
    ? { ...probe, timeoutSeconds: probe.timeoutSeconds || 1, periodSeconds: probe.periodSeconds || 10, successThreshold: probe.successThreshold || 1, failureThreshold: probe.failureThreshold || 3 }
    : probe
  return withField(counted, 'httpGet', fillRequest)
}

function fillLifecycle(lifecycle: Lifecycle): Lifecycle {
  const fillHandler = (handler: LifecycleHandler): LifecycleHandler => withField(withField(handler, 'httpGet', fillRequest), 'sleep', (sleep) => withDefaults(sleep, { seconds: 0 }))
  return withField(withField(lifecycle, 'postStart', fillHandler), 'preStop', fillHandler)
}

function fillRequest<Request extends { readonly path?: string; readonly scheme?: string }>(request: Request): Request {
  const filled: { readonly path?: string; readonly scheme?: string } = withDefaults<{ readonly path?: string; readonly scheme?: string }>(request, { path: '/', scheme: 'HTTP' })
  return filled as Request
}

function fillResources(resources: ResourceRequirements): ResourceRequirements {
  const limits = withField(resources, 'limits', (amounts) => eachValue(amounts, roundedToMilli))
  return withField(limits, 'requests', (amounts) => eachValue(amounts, roundedToMilli))
}

function fillVolume(draft: Volume): Volume {
  let volume = Object.keys(draft).some((field) => field !== 'name') ? draft : { ...draft, emptyDir: {} }
  volume = withField(volume, 'secret', (source) => withDefaults(source, { defaultMode: readableByAll }))
  volume = withField(volume, 'configMap', (source) => withDefaults(source, { defaultMode: readableByAll }))
  volume = withField(volume, 'emptyDir', (source) => withField(source, 'sizeLimit', canonicalQuantity))
  volume = withField(volume, 'hostPath', (source) => withDefaults(source, { type: '' }))
  volume = withField(volume, 'iscsi', (source) => withDefaults(source, { iscsiInterface: 'default' }))
  volume = withField(volume, 'image', (source) => withDefaults(source, { pullPolicy: pullPolicy(source.reference ?? '') }))
  volume = withField(volume, 'downwardAPI', (source) => withField(withDefaults(source, { defaultMode: readableByAll }), 'items', fillDownward))
  volume = withField(volume, 'ephemeral', (source) => withField(source, 'volumeClaimTemplate', (template) => withField(withParts(template, 'metadata'), 'spec', fillClaimSpec)))
  return withField(volume, 'projected', (source) => withField(withDefaults(source, { defaultMode: readableByAll }), 'sources', (sources) => eachOf(sources, (each) => {
    const token = withField(each, 'serviceAccountToken', (projection) => withDefaults(projection, { expirationSeconds: tokenSeconds }))
    return withField(token, 'downwardAPI', (projection) => withField(projection, 'items', fillDownward))
  })))
}

type DownwardItems = NonNullable<NonNullable<Volume['downwardAPI']>['items']>
function fillDownward(items: DownwardItems): DownwardItems {
  return eachOf(items, (item) => {
    const field = withField(item, 'fieldRef', (reference) => withDefaults(reference, { apiVersion: 'v1' }))
    return withField(field, 'resourceFieldRef', (reference) => withDefaults(withField(reference, 'divisor', canonicalQuantity), { divisor: '0' }))
  })
}
