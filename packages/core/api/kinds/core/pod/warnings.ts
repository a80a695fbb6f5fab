// What upstream warns the writers of pods and of templates of: legal, and most likely not what was meant.
import { parseQuantity } from '../../../../base/quantity.ts'
import type { Affinity, Container, PodAffinityTerm, PodSpec, PodTemplateSpec, Volume } from '../../../generated/types.ts'
import { sameMeaning } from '../../equal.ts'
import { warningsOfProfiles } from './app-armor.ts'
import { warningsOfScript } from './scripts.ts'

const goneVolumes: Readonly<Partial<Record<keyof Volume, string>>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
}
const goneSources = Object.keys(goneVolumes) as (keyof Volume)[]
const noSelector = 'a null labelSelector results in matching no pod'

/** What to say of a pod's spec at `path`. */
export function warningsOfPodSpec(spec: PodSpec, path: string): readonly string[] {
  const volumes = spec.volumes ?? []
  return [
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ labelSelector }, index) => (labelSelector === undefined ? [`${path}.topologySpreadConstraints[${index}].labelSelector: ${noSelector}`] : [])),
    ...volumes.flatMap((volume, index) => goneSources.filter((source) => volume[source] !== undefined).map((source) => `${path}.volumes[${index}].${source}: ${goneVolumes[source]}`)),
    ...volumes.flatMap(({ name, projected }) => (projected?.sources ?? []).filter((source) => Object.keys(source).length === 0).map(() => `volume "${name}" (Projected) has no sources provided`)),
    ...again(spec.hostAliases ?? [], ({ ip }) => ip, (index, ip) => `${path}.hostAliases[${index}].ip: duplicate ip "${ip}"`),
    ...again(spec.imagePullSecrets ?? [], ({ name }) => name ?? '', (index, name) => `${path}.imagePullSecrets[${index}].name: duplicate name "${name}"`),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, index) => (name ? [] : [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`])),
    ...fractions(spec.overhead, `${path}.overhead`),
    ...containersOf(spec, path).flatMap(({ container, at }) => [
      ...fractions(container.resources?.limits, `${at}.resources.limits`), ...fractions(container.resources?.requests, `${at}.resources.requests`), ...hidden(container, at),
    ]),
    ...portWarnings(spec, path),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0 ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`] : []),
    ...affinityWarnings(spec.affinity, `${path}.affinity`),
  ]
}

/** What a kind warns of its template: when it is made and when its spec changes. */
export const warningsOfTemplate = <Hub>(templateOf: (object: Hub) => PodTemplateSpec | undefined, path: string) => (next: Hub, before: Hub | undefined): readonly string[] => {
  const template = templateOf(next)
  return template?.spec === undefined || (before !== undefined && sameMeaning(template, templateOf(before))) ? [] : [...warningsOfProfiles(template.metadata?.annotations, template.spec, `${path}.metadata.annotations`), ...warningsOfPodSpec(template.spec, `${path}.spec`), ...warningsOfScript(template.metadata, template.spec, `${path}.metadata.annotations`)]
}

function again<Item>(items: readonly Item[], keyOf: (item: Item) => string, say: (index: number, key: string) => string): readonly string[] {
  const seen = new Set<string>()
  return items.flatMap((item, index) => {
    const key = keyOf(item)
    if (seen.has(key)) return [say(index, key)]
    seen.add(key)
    return []
  })
}

function fractions(amounts: Readonly<Record<string, string>> | undefined, path: string): readonly string[] {
  return ['memory', 'ephemeral-storage'].flatMap((resource) => {
    const amount = amounts?.[resource]
    const quantity = amount === undefined || plainBytes.test(amount) ? undefined : parseQuantity(amount)
    return quantity === undefined || quantity.nanos % 1_000_000_000n === 0n ? [] : [`${path}[${resource}]: fractional byte value "${amount}" is invalid, must be an integer`]
  })
}

/** Whole bytes for certain: nearly all are written so. */
const plainBytes = /^\d+(?:[KMGTPE]i|[kMGTPE])?$/

interface Placed { readonly container: Container; readonly at: string }
const containersOf = (spec: PodSpec, path: string): readonly Placed[] => (['initContainers', 'containers', 'ephemeralContainers'] as const)
  .flatMap((field) => (spec[field] ?? []).map((container, index) => ({ container, at: `${path}.${field}[${index}]` })))

/** A variable set twice, unless the second one refers to the first. */
function hidden({ env = [] }: Container, at: string): readonly string[] {
  const seen = new Set<string>()
  return env.flatMap(({ name, value = '', valueFrom }, index) => {
    const earlier = seen.has(name)
    seen.add(name)
    const reference = `$(${name})`
    return earlier && (valueFrom !== undefined || value === reference || !value.includes(reference)) ? [`${at}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`] : []
  })
}

function portWarnings(spec: PodSpec, path: string): readonly string[] {
  const ports = containersOf(spec, path).flatMap(({ container, at }) => (container.ports ?? []).map((port, index) => ({ port, at: `${at}.ports[${index}]` })))
  const overlaps = ports.flatMap(({ port, at }, index) => ports.slice(0, index).flatMap(({ port: other, at: there }) => {
    if (other.containerPort !== port.containerPort || (other.protocol ?? 'TCP') !== (port.protocol ?? 'TCP')) return []
    const [host, otherHost] = [port.hostPort ?? 0, other.hostPort ?? 0]
    const [address, otherAddress] = [port.hostIP ?? '', other.hostIP ?? '']
    if (host === otherHost && address === otherAddress) return [`${at}: duplicate port definition with ${there}`]
    if (host === 0 || otherHost === 0) return [`${at}: overlapping port definition with ${there}`]
    return host === otherHost && (address === '') !== (otherAddress === '') ? [`${at}: dangerously ambiguous port definition with ${there}`] : []
  }))
  const names = new Map<string, string>()
  const named = ports.flatMap(({ port: { name = '' }, at }) => {
    const first = names.get(name)
    if (name === '' || first === undefined) { names.set(name, at); return [] }
    return [`${at}: duplicate port name "${name}" with ${first}, services and probes that select ports by name will use ${first}`]
  })
  return [...overlaps, ...named]
}

function affinityWarnings(affinity: Affinity | undefined, path: string): readonly string[] {
  const [hard, soft] = ['requiredDuringSchedulingIgnoredDuringExecution', 'preferredDuringSchedulingIgnoredDuringExecution'] as const
  const ofTerm = ({ labelSelector }: PodAffinityTerm, at: string): readonly string[] => (labelSelector === undefined ? [`${at}.labelSelector: ${noSelector}`] : [])
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((side) => [
    ...(affinity?.[side]?.[hard] ?? []).flatMap((term, index) => ofTerm(term, `${path}.${side}.${hard}[${index}]`)),
    ...(affinity?.[side]?.[soft] ?? []).flatMap(({ podAffinityTerm }, index) => ofTerm(podAffinityTerm, `${path}.${side}.${soft}[${index}].podAffinityTerm`)),
  ])
}
