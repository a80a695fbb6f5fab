// What the scheduler, the kubelets and the drivers write of a claim.
import type { AllocatedDeviceStatus, AllocationResult, DeviceRequestAllocationResult, NetworkDeviceData, ResourceClaimConsumerReference } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { ResourceClaim } from '../../../resources.ts'
import { checkConditions } from '../../conditions.ts'
import { isCidr } from '../../addresses.ts'
import { checkNodeSelector } from '../../core/nodeselector.ts'
import { sameMeaning } from '../../equal.ts'
import { checkRequiredOneOf, forbidden, immutable, invalid, required, tooLong, tooMany } from '../../problems.ts'
import { checkBinding, checkConfiguration, checkRaw, checkReference, checkReferences, checkToleration, opaqueMax, type RequestNames, requestNamesOf } from '../devices.ts'
import { checkDriverName } from '../../drivernames.ts'
import { checkDevice, checkEach, checkEachOnce, checkPool } from '../names.ts'

const consumersMax = 256
const resultsMax = 32
const configurationsMax = 64
const conditionsMax = 8
const addressesMax = 16
const interfaceMax = 256
const hardwareAddressMax = 128

interface Located { readonly driver: string; readonly pool: string; readonly device: string; readonly shareID?: string }
/** One device of all, 'driver/pool/device', and whose share of it. */
export const deviceId = ({ driver, pool, device }: Located): string => `${driver}/${pool}/${device}`
const shareId = (located: Located): string => (located.shareID === undefined ? deviceId(located) : `${deviceId(located)}/${located.shareID}`)

export function checkClaimStatus(next: ResourceClaim, before: ResourceClaim): readonly Problem[] {
  const { allocation, reservedFor = [], devices } = next.status
  const names = requestNamesOf(next.spec.devices ?? {})
  const allocated = new Set((allocation?.devices?.results ?? []).map(shareId))
  return [
    ...checkEachOnce(reservedFor, consumersMax, 'status.reservedFor', ({ uid }) => uid, checkConsumer),
    ...checkEachOnce(devices, Infinity, 'status.devices', shareId, (device, at) => checkDeviceStatus(device, at, allocated)),
    ...checkReserved(next, before),
    ...(allocation === undefined ? [] : before.status.allocation === undefined ? checkAllocation(allocation, 'status.allocation', names)
      : sameMeaning(allocation, before.status.allocation) ? [] : [immutable('status.allocation', allocation)]),
  ]
}

function checkReserved({ metadata, status: { allocation, reservedFor = [] } }: ResourceClaim, before: ResourceClaim): readonly Problem[] {
  if (reservedFor.length === 0) return []
  if (allocation === undefined) return [forbidden('status.reservedFor', 'may not be specified when `allocated` is not set')]
  const known = before.status.reservedFor ?? []
  const added = reservedFor.some((consumer) => !known.some((other) => sameMeaning(other, consumer)))
  return metadata.deletionTimestamp !== undefined && added ? [forbidden('status.reservedFor', 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set')] : []
}

const checkConsumer = (consumer: ResourceClaimConsumerReference, path: string): readonly Problem[] =>
  (['resource', 'name', 'uid'] as const).flatMap((field) => (consumer[field] ? [] : [required(`${path}.${field}`)]))

function checkAllocation({ devices = {}, nodeSelector }: AllocationResult, path: string, names: RequestNames): readonly Problem[] {
  return [
    ...checkEach(devices.results, resultsMax, `${path}.devices.results`, (result, at) => checkResult(result, at, names)),
    ...checkEach(devices.config, configurationsMax, `${path}.devices.config`, (config, at) => [
      ...checkRequiredOneOf(`${at}.source`, config.source, ['FromClaim', 'FromClass']), ...checkReferences(config.requests, at, names), ...checkConfiguration(config, at),
    ]),
    ...(nodeSelector === undefined ? [] : checkNodeSelector(nodeSelector, `${path}.nodeSelector`)),
  ]
}

function checkResult(result: DeviceRequestAllocationResult, path: string, names: RequestNames): readonly Problem[] {
  return [
    ...checkReference(result.request ?? '', `${path}.request`, names),
    ...checkDriverName(result.driver, `${path}.driver`), ...checkPool(result.pool, `${path}.pool`), ...checkDevice(result.device, `${path}.device`),
    ...checkBinding(result, path),
    ...(result.tolerations ?? []).flatMap((toleration, index) => checkToleration(toleration, `${path}.tolerations[${index}]`)),
    ...checkShare(result.shareID, `${path}.shareID`),
  ]
}

function checkShare(uid: string | undefined, path: string): readonly Problem[] {
  return uid === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uid) ? []
    : [invalid(path, uid, 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters')]
}

function checkDeviceStatus(device: AllocatedDeviceStatus, path: string, allocated: ReadonlySet<string>): readonly Problem[] {
  const { conditions = [], data, networkData } = device
  return [
    ...checkDriverName(device.driver, `${path}.driver`), ...checkPool(device.pool, `${path}.pool`), ...checkDevice(device.device, `${path}.device`), ...checkShare(device.shareID, `${path}.shareID`),
    ...(allocated.has(shareId(device)) ? [] : [invalid(path, shareId(device), 'must be an allocated device in the claim')]),
    ...(conditions.length > conditionsMax ? [tooMany(`${path}.conditions`, conditions.length, conditionsMax)] : []),
    ...checkConditions(`${path}.conditions`, conditions),
    ...(data === undefined ? [] : checkRaw(data, `${path}.data`, opaqueMax)),
    ...(networkData === undefined ? [] : checkNetworkData(networkData, `${path}.networkData`)),
  ]
}

function checkNetworkData({ interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData, path: string): readonly Problem[] {
  return [
    ...(interfaceName.length > interfaceMax ? [tooLong(`${path}.interfaceName`, interfaceMax)] : []),
    ...(hardwareAddress.length > hardwareAddressMax ? [tooLong(`${path}.hardwareAddress`, hardwareAddressMax)] : []),
    ...checkEachOnce(ips, addressesMax, `${path}.ips`, (address) => address, (address, at) => (isCidr(address) ? [] : [invalid(at, address, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')])),
  ]
}
