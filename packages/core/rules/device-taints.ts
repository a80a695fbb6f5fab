import type { DeviceTaint, DeviceToleration } from '../api/generated/types.ts'
import type { DeviceTaintRule } from '../api/resources.ts'

/** One device of all. */
export interface DeviceName { readonly driver: string; readonly pool: string; readonly device: string }

/** Does the toleration stand this taint of a device? As upstream: an empty key with Exists stands all. */
export function toleratesDeviceTaint({ key, operator, value, effect }: DeviceToleration, taint: DeviceTaint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  return operator === 'Exists' || ((operator === undefined || operator === '' || operator === 'Equal') && (value ?? '') === (taint.value ?? ''))
}

/** Is the device one of those that a rule taints? A rule without a selector taints none. */
export function ruleSelects({ spec: { deviceSelector } }: DeviceTaintRule, { driver, pool, device }: DeviceName): boolean {
  if (deviceSelector === undefined) return false
  const wanted = (name: string | undefined, found: string): boolean => name === undefined || name === found
  return wanted(deviceSelector.driver, driver) && wanted(deviceSelector.pool, pool) && wanted(deviceSelector.device, device)
}
