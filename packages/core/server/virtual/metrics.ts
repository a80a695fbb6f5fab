// metrics.k8s.io: what nodes and pods use now, as metrics-server answers. Computed for each answer from what is known of simulated nodes (rules/use.ts) and
// what the kubelets of real ones answer; an APIService of that group that names a Service is asked instead.
import type { Computing } from '../../api/kind.ts'
import type { Resource, ResourceType } from '../../api/resource.ts'
import { podsByNode } from '../../api/indexes.ts'
import { type Node, nodes, type Pod, pods } from '../../api/resources.ts'
import { isSimulated, silentSince } from '../../api/simulated.ts'
import { timestamp } from '../../base/timestamp.ts'
import { isTrue } from '../../rules/conditions.ts'
import { askForUse, measuredOf } from '../../rules/measured-use.ts'
import { millisOf, unitsOf } from '../../rules/quantity.ts'
import { sumOfUses, type Use, usesIn, windowMs } from '../../rules/use.ts'
import { nameColumn, text } from '../../api/kinds/columns.ts'
import type { AnyKind, AnyServed } from '../registry.ts'
import { metricsDefinition, metricsVersions } from './metrics-definitions.ts'

const group = 'metrics.k8s.io'
interface Usage { readonly cpu: string; readonly memory: string }
interface Measured extends Resource { readonly timestamp: string; readonly window: string; readonly usage?: Usage; readonly containers?: readonly { readonly name: string; readonly usage: Usage }[] }

/** As metrics-server: whole thousandths are told so, finer amounts in billionths. */
const usageOf = ({ cpu, memory }: Use): Usage => ({ cpu: Number.isInteger(cpu) ? `${cpu}m` : `${Math.round(cpu * 1e6)}n`, memory: `${Math.ceil(memory / 1024)}Ki` })
const window = `${windowMs / 1000}s`

function nodeMetrics({ view, now, name, answered }: Computing): readonly Measured[] {
  const uses = usesIn(view, now)
  const measured = measuredOf(answered)
  const asked = name === undefined ? view.list(nodes) : [view.get(nodes, '', name)]
  return [...asked].flatMap((node): Measured[] => {
    if (node === undefined) return []
    const told = measured.get(node.metadata.name)
    if (told !== undefined) return [{ ...head('NodeMetrics', node, told.at), usage: usageOf(told) }]
    if (!isMeasured(node)) return []
    const all = [...view.by(podsByNode, node.metadata.name)].flatMap((pod) => uses(pod) ?? [])
    return [{ ...head('NodeMetrics', node, now), usage: usageOf(sumOfUses(all)) }]
  })
}
const isMeasured = (node: Node): boolean => isSimulated(node) && silentSince(node) === undefined && isTrue(node.status?.conditions, 'Ready')

function podMetrics({ view, now, namespace, name, answered }: Computing): readonly Measured[] {
  const measured = measuredOf(answered)
  const uses = usesIn(view, now, measured)
  const asked: Iterable<Pod | undefined> = name === undefined ? view.list(pods, namespace) : [view.get(pods, namespace ?? '', name)]
  return [...asked].flatMap((pod): Measured[] => {
    const all = pod && uses(pod)
    return pod === undefined || all === undefined ? [] : [{ ...head('PodMetrics', pod, measured.get(pod.spec.nodeName ?? '')?.at ?? now), containers: all.map((use) => ({ name: use.name, usage: usageOf(use) })) }]
  })
}

/** Neither uid nor version: nothing of it is stored. */
function head(kind: string, { metadata: { name, namespace, labels } }: Resource, now: number) {
  const metadata = { name, ...(namespace !== undefined && { namespace }), creationTimestamp: timestamp(now), ...(labels !== undefined && { labels }) } as Resource['metadata']
  return { apiVersion: `${group}/v1`, kind, metadata, timestamp: timestamp(now), window }
}

const usesOf = (object: Resource): readonly Usage[] => { const { usage, containers } = object as Measured; return usage === undefined ? (containers ?? []).map((one) => one.usage) : [usage] }
const summed = (of: (usage: Usage) => number, unit: string) => (object: Resource): string => `${usesOf(object).reduce((sum, usage) => sum + of(usage), 0)}${unit}`
const columns = [
  nameColumn, text<Resource>('cpu', 'CPU usage', summed(({ cpu }) => millisOf(cpu), 'm')), text<Resource>('memory', 'Memory usage', summed(({ memory }) => Math.ceil(unitsOf(memory) / 1024), 'Ki')),
  text<Resource>('Window', 'Time window of the measurement', (object) => (object as Measured).window),
]

function virtual(plural: string, kind: string, scope: ResourceType<Resource>['scope'], computed: NonNullable<AnyKind['computed']>): AnyKind {
  const served = (version: string): AnyServed => ({
    group, version, definition: metricsDefinition(version, kind), fill: (draft) => draft, columns,
    ...(version !== 'v1' && { convert: { toHub: (object) => object, fromHub: (object) => ({ ...object, apiVersion: `${group}/${version}` }) } }),
  })
  return {
    resource: `${group}/${plural}`, group, version: 'v1', plural, kind, scope, singular: '', shortNames: [], categories: [],
    lacks: ['create', 'delete', 'deletecollection', 'patch', 'update', 'watch'], hasStatus: false, served: metricsVersions.map(served), check: () => [], computed, asks: (view) => askForUse(view, 'metrics'),
  }
}

/** The kinds of metrics.k8s.io. */
export const metricsKinds: readonly AnyKind[] = [virtual('nodes', 'NodeMetrics', 'Cluster', nodeMetrics), virtual('pods', 'PodMetrics', 'Namespaced', podMetrics)]
