// Devices that simulated nodes offer: what a pool says of them, by driver.
import { checkSubdomain } from '../api/selectors/index.ts'
import { isRecord } from '../api/text/index.ts'
import { parseQuantity } from '../base/quantity.ts'

/** Devices of one driver on one node, all alike. */
export interface NodeDevices {
  readonly count: number
  /** What an expression finds besides 'index', which counts from 0: texts, whole numbers, true or false. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>
  /** Quantities. */
  readonly capacity?: Readonly<Record<string, string>>
}
/** By driver: 'gpu.example.com'. */
export type DevicesByDriver = Readonly<Record<string, NodeDevices>>

/** As many as one ResourceSlice holds. */
export const devicesMax = 128

/** Reads devices as a person writes them, 4 or {count: 4, attributes: {model: a}, capacity: {memory: 80Gi}} by driver; or says what is wrong, and where. */
export function devicesOf(value: unknown, where: string): DevicesByDriver | { readonly problem: string } {
  if (!isRecord(value)) return { problem: `${where} takes drivers with counts, such as {gpu.example.com: 4}, not ${JSON.stringify(value)}` }
  const devices: Record<string, NodeDevices> = {}
  for (const [driver, said] of Object.entries(value)) {
    const [fault] = checkSubdomain(driver)
    if (fault !== undefined || !driver.includes('.')) return { problem: `${where}: a driver is named like gpu.example.com, not '${driver}'` }
    const set = isRecord(said) ? said : { count: said }
    const unknown = Object.keys(set).find((field) => !['count', 'attributes', 'capacity'].includes(field))
    if (unknown !== undefined) return { problem: `${where}.${driver} has no field ${unknown}: expected count, attributes, capacity` }
    const count = Number(set['count'])
    if (!Number.isInteger(count) || count < 1 || count > devicesMax) return { problem: `${where}: ${driver} takes a whole number from 1 to ${devicesMax}, not '${String(set['count'])}'` }
    const { attributes, capacity } = set
    if (attributes !== undefined && !(isRecord(attributes) && Object.entries(attributes).every(([name, each]) => identifier.test(name) && isAttribute(each)))) return { problem: `${where}.${driver}.attributes takes names with texts, whole numbers, true or false, not ${JSON.stringify(attributes)}` }
    if (capacity !== undefined && !(isRecord(capacity) && Object.entries(capacity).every(([name, each]) => identifier.test(name) && parseQuantity(String(each)) !== undefined))) return { problem: `${where}.${driver}.capacity takes names with quantities, not ${JSON.stringify(capacity)}` }
    devices[driver] = {
      count, ...(isRecord(attributes) && { attributes: attributes as NonNullable<NodeDevices['attributes']> }),
      ...(isRecord(capacity) && { capacity: Object.fromEntries(Object.entries(capacity).map(([name, each]) => [name, String(each)])) }),
    }
  }
  return devices
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/
const isAttribute = (value: unknown): boolean => typeof value === 'boolean' || Number.isSafeInteger(value) || (typeof value === 'string' && value.length > 0 && value.length <= 64)
