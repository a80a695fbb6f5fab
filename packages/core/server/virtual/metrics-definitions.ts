// The schemas of metrics.k8s.io, which no generated document has: it is served by another server upstream. Fields: upstream's k8s.io/metrics.
import type { Definition, Definitions, Field } from '../../api/schema/index.ts'

const group = 'metrics.k8s.io'
export const metricsVersions = ['v1', 'v1beta1'] as const
/** The name of a kind's definition. */
export const metricsDefinition = (version: string, kind: string): string => `io.k8s.metrics.pkg.apis.metrics.${version}.${kind}`

const text: Field = { type: 'string' }
const meta = (name: string): Field => ({ type: 'object', ref: `io.k8s.apimachinery.pkg.apis.meta.v1.${name}` })
const shared = {
  apiVersion: [text, 'APIVersion defines the versioned schema of this representation of an object.'], kind: [text, 'Kind is a string value representing the REST resource this object represents.'],
} as const
const measured = {
  timestamp: [{ type: 'string', format: 'date-time', ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time' }, 'When the measurement ended.'],
  window: [text, 'How long the measurement took, up to the timestamp.'],
} as const
const usage: readonly [Field, string] = [{ type: 'object', values: { type: 'string', format: 'quantity', ref: 'io.k8s.apimachinery.pkg.api.resource.Quantity' } }, 'What was used: of cpu on average over the window, of memory the working set.']

interface Sketch { readonly name: string; readonly isKind: boolean; readonly said: string; readonly required: readonly string[]; readonly fields: Readonly<Record<string, readonly [Field, string]>> }

const sketchesOf = (version: string): readonly Sketch[] => [
  { name: 'ContainerMetrics', isKind: false, said: 'ContainerMetrics is what one container used.', required: ['name', 'usage'], fields: { name: [text, 'The name of the container, as in pod.spec.containers.'], usage } },
  ...(['Node', 'Pod'] as const).flatMap((of): readonly Sketch[] => [
    {
      name: `${of}Metrics`, isKind: true, said: `${of}Metrics is what one ${of.toLowerCase()} used.`, required: ['timestamp', 'window', of === 'Node' ? 'usage' : 'containers'],
      fields: {
        ...shared, metadata: [meta('ObjectMeta'), `Name and labels of the ${of.toLowerCase()}.`], ...measured,
        ...(of === 'Node' ? { usage } : { containers: [{ type: 'array', listType: 'atomic', items: { type: 'object', ref: metricsDefinition(version, 'ContainerMetrics') } }, 'What each container used, all over the same window.'] }),
      },
    },
    {
      name: `${of}MetricsList`, isKind: true, said: `${of}MetricsList is a list of ${of}Metrics.`, required: ['items'],
      fields: { ...shared, metadata: [meta('ListMeta'), 'Standard list metadata.'], items: [{ type: 'array', items: { type: 'object', ref: metricsDefinition(version, `${of}Metrics`) } }, `List of what each ${of.toLowerCase()} used.`] },
    },
  ]),
]

const all: readonly Definition[] = metricsVersions.flatMap((version) => sketchesOf(version).map(({ name, isKind, said, required, fields }): Definition => ({
  name: metricsDefinition(version, name), kinds: isKind ? [{ group, version, kind: name }] : [], required,
  fields: Object.fromEntries(Object.entries(fields).map(([field, [type]]) => [field, type])),
  said: { text: said, fields: Object.fromEntries(Object.entries(fields).map(([field, [, meaning]]) => [field, meaning])), enums: {} },
})))
const byName = new Map(all.map((definition) => [definition.name, definition]))
const byKind = new Map(all.flatMap((definition) => definition.kinds.map((each) => [`${each.group}/${each.version}/${each.kind}`, definition] as const)))

export const metricsDefinitions: Definitions = { get: (name) => byName.get(name), forKind: (of, version, kind) => byKind.get(`${of}/${version}/${kind}`), names: () => byName.keys() }
