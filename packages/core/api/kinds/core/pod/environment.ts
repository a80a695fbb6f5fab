// What upstream's validation of environment variables refuses, and of the fields and resources that a pod tells its containers.
import { parseQuantity } from '../../../../base/quantity.ts'
import type { EnvFromSource, EnvVar, ObjectFieldSelector, ResourceFieldSelector } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelKey, checkSubdomain, type TextRule } from '../../../selectors/syntax.ts'
import { checkRequiredText, checkText, invalid, required, unsupported } from '../../problems.ts'
import { checkDataKey } from '../data.ts'

const ofEnvironment: readonly string[] = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs']
/** Fields that a volume's files may tell. */
export const volumeFields: readonly string[] = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']
/** Fields that there are, though not every place may tell them. */
const known: ReadonlySet<string> = new Set([...ofEnvironment, ...volumeFields, 'spec.restartPolicy', 'spec.schedulerName', 'spec.host', 'status.phase'])
const resources: readonly string[] = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory']

/** The name of an environment variable. */
const checkVariableName: TextRule = (name) => (/^[ -<>-~]+$/.test(name) ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"])

export function checkVariable({ name, value, valueFrom }: EnvVar, at: string): readonly Problem[] {
  const from = `${at}.valueFrom`
  const sources = valueFrom === undefined ? [] : (['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const).filter((source) => valueFrom[source] !== undefined)
  return [
    ...checkRequiredText(`${at}.name`, name, checkVariableName),
    ...(valueFrom === undefined ? [] : [
      ...(valueFrom.fieldRef === undefined ? [] : checkFieldRef(valueFrom.fieldRef, `${from}.fieldRef`, ofEnvironment)),
      ...(valueFrom.resourceFieldRef === undefined ? [] : checkResourceFieldRef(valueFrom.resourceFieldRef, `${from}.resourceFieldRef`)),
      ...(['configMapKeyRef', 'secretKeyRef'] as const).flatMap((source) => {
        const reference = valueFrom[source]
        return reference === undefined ? [] : [
          ...checkText(`${from}.${source}.name`, reference.name ?? '', checkSubdomain),
          ...checkRequiredText(`${from}.${source}.key`, reference.key, checkDataKey),
        ]
      }),
      ...(valueFrom.fileKeyRef === undefined ? [] : (['key', 'path', 'volumeName'] as const).flatMap((field) => (valueFrom.fileKeyRef?.[field] ? [] : [required(`${from}.fileKeyRef.${field}`)]))),
      ...(sources.length === 0 ? [invalid(from, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`')]
        : value ? [invalid(from, '', 'may not be specified when `value` is not empty')]
          : sources.length > 1 ? [invalid(from, '', 'may not have more than one field specified at a time')] : []),
    ]),
  ]
}

/** A field of the pod that its containers may be told; labels and annotations also one by one. */
export function checkFieldRef({ apiVersion, fieldPath }: ObjectFieldSelector, at: string, supported: readonly string[]): readonly Problem[] {
  if (!apiVersion) return [required(`${at}.apiVersion`)]
  if (!fieldPath) return [required(`${at}.fieldPath`)]
  const one = /^(.+)\['(.*)'\]$/.exec(fieldPath)
  const field = one?.[1] ?? fieldPath
  if (!known.has(field)) return [invalid(`${at}.fieldPath`, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)]
  if (one !== null) {
    const key = one[2] ?? ''
    if (field === 'metadata.annotations') return checkText(at, key.toLowerCase(), checkLabelKey)
    return field === 'metadata.labels' ? checkText(at, key, checkLabelKey) : [invalid(at, field, 'does not support subscript')]
  }
  return supported.includes(fieldPath) ? [] : [unsupported(`${at}.fieldPath`, fieldPath, supported)]
}

const milli = ['1m', '1']
const byteUnits = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

/** A resource that a container is told, in units that make sense for it. */
export function checkResourceFieldRef({ resource, divisor }: ResourceFieldSelector, at: string): readonly Problem[] {
  if (!resource) return [required(`${at}.resource`)]
  const huge = /^(limits|requests)\.hugepages-/.test(resource)
  if (!resources.includes(resource) && !huge) return [unsupported(`${at}.resource`, resource, resources)]
  const nanos = parseQuantity(divisor ?? '0')?.nanos ?? 0n
  const cpu = resource.endsWith('.cpu')
  const units = cpu ? milli : byteUnits
  if (nanos === 0n || units.some((unit) => parseQuantity(unit)?.nanos === nanos)) return []
  const [shown, what] = cpu ? ['1m and 1', 'cpu'] : [byteUnits.join(', '), huge ? 'hugepages' : resource.endsWith('.memory') ? 'memory' : 'local ephemeral storage']
  return [invalid(`${at}.divisor`, resource, `only divisor's values ${shown} are supported with the ${what} resource`)]
}

/** Variables from all keys of one object. As upstream: what is wrong with the source as such is told of the list. */
export function checkVariables({ prefix, configMapRef, secretRef }: EnvFromSource, index: number, path: string): readonly Problem[] {
  const at = `${path}[${index}]`
  return [
    ...(prefix ? checkText(`${at}.prefix`, prefix, checkVariableName) : []),
    ...(configMapRef === undefined ? [] : checkRequiredText(`${at}.configMapRef.name`, configMapRef.name, checkSubdomain)),
    ...(secretRef === undefined ? [] : checkRequiredText(`${at}.secretRef.name`, secretRef.name, checkSubdomain)),
    ...(configMapRef === undefined && secretRef === undefined ? [invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`')] : []),
    ...(configMapRef !== undefined && secretRef !== undefined ? [invalid(path, '', 'may not have more than one field specified at a time')] : []),
  ]
}
