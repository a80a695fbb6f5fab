import { readYaml } from '@kubeskiff/core/api/text'

/** What a device, or a whole specification, changes in a container's configuration. */
export interface ContainerEdits {
  readonly env: readonly string[]
  readonly deviceNodes: readonly DeviceNode[]
  readonly mounts: readonly { readonly hostPath: string; readonly containerPath: string; readonly type?: string; readonly options?: readonly string[] }[]
  readonly hooks: readonly { readonly hookName: HookName; readonly path: string; readonly args?: readonly string[]; readonly env?: readonly string[]; readonly timeout?: number }[]
  readonly additionalGids: readonly number[]
  readonly intelRdt?: Fields
  /** Names of the machine's interfaces that are to be moved: for a runtime that can. */
  readonly netDevices: readonly string[]
}
export interface DeviceNode {
  readonly path: string
  /** Where it is on the machine, unless that is `path`. */
  readonly hostPath?: string
  readonly type?: string
  readonly major?: number
  readonly minor?: number
  readonly fileMode?: number
  readonly permissions?: string
  readonly uid?: number
  readonly gid?: number
}
export interface CdiSpecification { readonly kind: string; readonly edits: ContainerEdits; readonly devices: ReadonlyMap<string, ContainerEdits> }

const hookNames = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const
export type HookName = (typeof hookNames)[number]
type Fields = Readonly<Record<string, unknown>>

/** The versions of the format that are read, in their order. */
const versions = ['0.1.0', '0.2.0', '0.3.0', '0.4.0', '0.5.0', '0.6.0', '0.7.0', '0.8.0', '1.0.0', '1.1.0'] as const
type Version = (typeof versions)[number]

/** Reads a specification, in JSON or YAML. Throws where it breaks the format's rules, or uses what came after the version that it names. */
export function parseSpecification(text: string): CdiSpecification {
  const read = readYaml(text)
  if (!read.ok) throw new Error(read.message)
  const value = recordOf(read.value, 'specification')
  const { cdiVersion, kind, devices } = value
  const version = versions.findIndex((known) => known === String(cdiVersion).replace(/^v/, ''))
  if (typeof cdiVersion !== 'string' || version < 0) throw new Error(`invalid version ${JSON.stringify(cdiVersion) ?? ''}`)
  const since = (least: Version, isUsed: boolean): void => {
    if (isUsed && version < versions.indexOf(least)) throw new Error(`the spec version must be at least v${least}`)
  }
  if (typeof kind !== 'string' || !/^[a-zA-Z]([\w.-]*[a-zA-Z0-9])?\/[a-zA-Z]([\w.-]*[a-zA-Z0-9])?$/.test(kind)) throw new Error(`invalid vendor or class in kind ${JSON.stringify(kind) ?? ''}`)
  since('0.6.0', kind.split('/')[1]?.includes('.') === true || isFilled(value['annotations']))
  const found = new Map<string, ContainerEdits>()
  for (const item of listOf(devices, 'devices')) {
    const device = recordOf(item, 'device')
    const { name } = device
    if (typeof name !== 'string' || !/^[a-zA-Z0-9]([\w.:-]*[a-zA-Z0-9])?$/.test(name)) throw new Error(`invalid name ${JSON.stringify(name) ?? ''} of a device`)
    if (found.has(name)) throw new Error(`invalid spec, multiple device ${JSON.stringify(name)}`)
    since('0.5.0', /^\d/.test(name))
    since('0.6.0', isFilled(device['annotations']))
    const edits = editsOf(device['containerEdits'], since)
    if (isEmpty(edits)) throw new Error(`invalid device, empty device edits: ${JSON.stringify(name)}`)
    found.set(name, edits)
  }
  if (found.size === 0) throw new Error('invalid spec, no devices')
  return { kind, edits: editsOf(value['containerEdits'], since), devices: found }
}

function editsOf(value: unknown, since: (least: Version, isUsed: boolean) => void): ContainerEdits {
  const edits = value === undefined || value === null ? {} : recordOf(value, 'containerEdits')
  const items = (field: string): readonly Fields[] => listOf(edits[field], field).map((item) => recordOf(item, field))
  const env = variablesOf(edits['env'])
  const deviceNodes = items('deviceNodes').map((node): DeviceNode => {
    const { path, type = '', permissions = '' } = node
    if (typeof path !== 'string' || path === '') throw new Error('invalid (empty) device path')
    if (!['', 'b', 'c', 'u', 'p'].includes(String(type))) throw new Error(`device ${JSON.stringify(path)}: invalid type ${JSON.stringify(type)}`)
    if (permissions !== 'none' && !/^[rwm]*$/.test(String(permissions))) throw new Error(`device ${JSON.stringify(path)}: invalid permissions ${JSON.stringify(permissions)}`)
    for (const number of ['major', 'minor', 'fileMode', 'uid', 'gid']) if (node[number] !== undefined && !isCount(node[number])) throw new Error(`device ${JSON.stringify(path)}: invalid ${number} ${JSON.stringify(node[number])}`)
    since('0.5.0', node['hostPath'] !== undefined && node['hostPath'] !== '')
    return node as unknown as DeviceNode // as just looked at
  })
  const mounts = items('mounts').map((mount) => {
    const { hostPath, containerPath, type, options } = mount
    if (typeof hostPath !== 'string' || hostPath === '') throw new Error('invalid mount, empty host path')
    if (typeof containerPath !== 'string' || containerPath === '') throw new Error('invalid mount, empty container path')
    since('0.4.0', type !== undefined && type !== '')
    return { hostPath, containerPath, ...(typeof type === 'string' && type !== '' ? { type } : {}), options: listOf(options, 'options').map(String) }
  })
  const hooks = items('hooks').map(({ hookName, path, args, env: variables, timeout }) => {
    const name = hookNames.find((one) => one === hookName)
    if (name === undefined) throw new Error(`invalid hook name ${JSON.stringify(hookName) ?? ''}`)
    if (typeof path !== 'string' || path === '') throw new Error(`invalid hook ${JSON.stringify(name)} with empty path`)
    return { hookName: name, path, args: listOf(args, 'args').map(String), env: variablesOf(variables), ...(isCount(timeout) ? { timeout: Number(timeout) } : {}) }
  })
  const additionalGids = listOf(edits['additionalGids'], 'additionalGids').map(Number)
  const intelRdt = edits['intelRdt'] === undefined || edits['intelRdt'] === null ? undefined : recordOf(edits['intelRdt'], 'intelRdt')
  const netDevices = items('netDevices').map(({ hostInterfaceName }) => String(hostInterfaceName ?? ''))
  since('0.7.0', additionalGids.length > 0 || intelRdt !== undefined)
  since('1.1.0', netDevices.length > 0)
  return { env, deviceNodes, mounts, hooks, additionalGids, ...(intelRdt === undefined ? {} : { intelRdt }), netDevices }
}

const isEmpty = ({ env, deviceNodes, mounts, hooks, additionalGids, intelRdt, netDevices }: ContainerEdits): boolean =>
  env.length + deviceNodes.length + mounts.length + hooks.length + additionalGids.length + netDevices.length === 0 && intelRdt === undefined
function variablesOf(value: unknown): readonly string[] {
  const found = listOf(value, 'env').map(String)
  for (const variable of found) if (variable.indexOf('=') <= 0) throw new Error(`invalid environment variable ${JSON.stringify(variable)}`)
  return found
}
function recordOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`expected an object as ${what}, found ${JSON.stringify(value)}`)
  return value as Fields // just looked at
}
function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new Error(`expected a list as ${what}, found ${JSON.stringify(value)}`)
  return value
}
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isFilled = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length > 0
