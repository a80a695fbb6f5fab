// The messages of CSI's node service (csi.v1), as far as a kubelet speaks with it: facts of its protocol.
import { fieldsOf, mapEntries, message } from '../plugins/index.ts'

type Texts = Readonly<Record<string, string>>
const textsIn = (bytes: Uint8Array, number: number): Texts => Object.fromEntries(fieldsOf(bytes).parts(number).map((part) => {
  const { texts } = fieldsOf(part)
  return [texts(1)[0] ?? '', texts(2)[0] ?? '']
}))

/** NodeGetInfoResponse. */
export interface NodeInfo { readonly nodeId: string; /** 0: not told. */ readonly volumesMost: number; readonly topology: Texts }
export const writeNodeInfo = ({ nodeId, volumesMost, topology }: NodeInfo): Buffer => message([[1, nodeId], [2, volumesMost], ...(Object.keys(topology).length === 0 ? [] : [[3, message(mapEntries(1, topology))] as const])])
export function readNodeInfo(bytes: Uint8Array): NodeInfo {
  const { texts, number, parts } = fieldsOf(bytes)
  const [topology] = parts(3)
  return { nodeId: texts(1)[0] ?? '', volumesMost: number(2), topology: topology === undefined ? {} : textsIn(topology, 1) }
}

/** What a node plugin can do, by the numbers of its protocol. */
const abilityNumbers = { stages: 1, tellsStats: 2, expands: 3, tellsWriters: 5, givesToGroup: 6 } as const
export type Ability = keyof typeof abilityNumbers
/** NodeGetCapabilitiesResponse. */
export const writeAbilities = (abilities: readonly Ability[]): Buffer => message(abilities.map((ability) => [1, message([[1, message([[1, abilityNumbers[ability]]])]])] as const))
export function readAbilities(bytes: Uint8Array): ReadonlySet<Ability> {
  const numbers = new Set(fieldsOf(bytes).parts(1).flatMap((part) => fieldsOf(part).parts(1)).map((part) => fieldsOf(part).number(1)))
  return new Set(Object.entries(abilityNumbers).flatMap(([ability, number]) => (numbers.has(number) ? [ability as Ability] : [])))
}

/** How a volume is used: as a device, or as a file system with options, and by how many. */
export interface Capability {
  readonly mode: number
  readonly mount?: { readonly fsType: string; readonly options: readonly string[]; readonly group: string }
}
const modes = { SINGLE_NODE_WRITER: 1, MULTI_NODE_READER_ONLY: 3, MULTI_NODE_MULTI_WRITER: 5, SINGLE_NODE_SINGLE_WRITER: 6, SINGLE_NODE_MULTI_WRITER: 7 } as const
/** What Kubernetes' access modes are to a driver; one that tells writers of one node apart hears more. */
export function modeOf(accessMode: string, tellsWriters: boolean): number {
  if (accessMode === 'ReadOnlyMany') return modes.MULTI_NODE_READER_ONLY
  if (accessMode === 'ReadWriteMany') return modes.MULTI_NODE_MULTI_WRITER
  if (!tellsWriters) return modes.SINGLE_NODE_WRITER
  return accessMode === 'ReadWriteOncePod' ? modes.SINGLE_NODE_SINGLE_WRITER : modes.SINGLE_NODE_MULTI_WRITER
}
const empty = Buffer.alloc(0)
/** VolumeCapability. */
const writeCapability = ({ mode, mount }: Capability): Buffer => message([
  mount === undefined ? [1, empty] : [2, message([[1, mount.fsType], ...mount.options.map((option) => [2, option] as const), [3, mount.group]])],
  [3, message([[1, mode]])],
])
function readCapability(bytes: Uint8Array): Capability {
  const { parts } = fieldsOf(bytes)
  const [mount] = parts(2)
  const of = fieldsOf(mount ?? empty)
  return { mode: fieldsOf(parts(3)[0] ?? empty).number(1), ...(mount !== undefined && { mount: { fsType: of.texts(1)[0] ?? '', options: of.texts(2), group: of.texts(3)[0] ?? '' } }) }
}

export interface Staging { readonly volume: string; readonly attachment: Texts; readonly staging: string; readonly capability: Capability; readonly secrets: Texts; readonly attributes: Texts }
/** NodeStageVolumeRequest. */
export const writeStaging = ({ volume, attachment, staging, capability, secrets, attributes }: Staging): Buffer =>
  message([[1, volume], ...mapEntries(2, attachment), [3, staging], [4, writeCapability(capability)], ...mapEntries(5, secrets), ...mapEntries(6, attributes)])
export function readStaging(bytes: Uint8Array): Staging {
  const { texts, parts } = fieldsOf(bytes)
  return { volume: texts(1)[0] ?? '', attachment: textsIn(bytes, 2), staging: texts(3)[0] ?? '', capability: readCapability(parts(4)[0] ?? empty), secrets: textsIn(bytes, 5), attributes: textsIn(bytes, 6) }
}

export interface Publishing extends Staging { readonly target: string; readonly readOnly: boolean }
/** NodePublishVolumeRequest. */
export const writePublishing = ({ volume, attachment, staging, target, capability, readOnly, secrets, attributes }: Publishing): Buffer =>
  message([[1, volume], ...mapEntries(2, attachment), [3, staging], [4, target], [5, writeCapability(capability)], [6, readOnly], ...mapEntries(7, secrets), ...mapEntries(8, attributes)])
export function readPublishing(bytes: Uint8Array): Publishing {
  const { texts, parts, flag } = fieldsOf(bytes)
  return { volume: texts(1)[0] ?? '', attachment: textsIn(bytes, 2), staging: texts(3)[0] ?? '', target: texts(4)[0] ?? '', capability: readCapability(parts(5)[0] ?? empty), readOnly: flag(6), secrets: textsIn(bytes, 7), attributes: textsIn(bytes, 8) }
}

/** NodeUnstageVolumeRequest and NodeUnpublishVolumeRequest, which lie on the wire alike. */
export const writePlace = ({ volume, path }: { readonly volume: string; readonly path: string }): Buffer => message([[1, volume], [2, path]])
export function readPlace(bytes: Uint8Array): { readonly volume: string; readonly path: string } {
  const { texts } = fieldsOf(bytes)
  return { volume: texts(1)[0] ?? '', path: texts(2)[0] ?? '' }
}

export interface Expansion { readonly volume: string; readonly path: string; readonly bytes: number; readonly staging: string; readonly capability: Capability; readonly secrets: Texts }
/** NodeExpandVolumeRequest. */
export const writeExpansion = ({ volume, path, bytes, staging, capability, secrets }: Expansion): Buffer =>
  message([[1, volume], [2, path], [3, message([[1, bytes]])], [4, staging], [5, writeCapability(capability)], ...mapEntries(6, secrets)])
export function readExpansion(bytes: Uint8Array): Expansion {
  const { texts, parts } = fieldsOf(bytes)
  return { volume: texts(1)[0] ?? '', path: texts(2)[0] ?? '', bytes: fieldsOf(parts(3)[0] ?? empty).number(1), staging: texts(4)[0] ?? '', capability: readCapability(parts(5)[0] ?? empty), secrets: textsIn(bytes, 6) }
}

/** NodeGetVolumeStatsRequest. */
export const writeStatsWish = ({ volume, path, staging }: { readonly volume: string; readonly path: string; readonly staging: string }): Buffer => message([[1, volume], [2, path], [3, staging]])
export interface VolumeUse { readonly available: number; readonly total: number; readonly used: number }
/** Of NodeGetVolumeStatsResponse. */
export interface VolumeStats { readonly bytes?: VolumeUse; readonly inodes?: VolumeUse }
const units = [[1, 'bytes'], [2, 'inodes']] as const
export const writeStats = (stats: VolumeStats): Buffer => message(units.flatMap(([unit, name]) => {
  const use = stats[name]
  return use === undefined ? [] : [[1, message([[1, use.available], [2, use.total], [3, use.used], [4, unit]])] as const]
}))
export function readStats(bytes: Uint8Array): VolumeStats {
  const uses = fieldsOf(bytes).parts(1).map(fieldsOf)
  return Object.fromEntries(units.flatMap(([unit, name]) => {
    const use = uses.find(({ number }) => number(4) === unit)
    return use === undefined ? [] : [[name, { available: use.number(1), total: use.number(2), used: use.number(3) }]]
  }))
}
