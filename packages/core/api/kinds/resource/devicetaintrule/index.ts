import { age } from '../../../../base/age.ts'
import { timestamp } from '../../../../base/timestamp.ts'
import type { V1beta2DeviceTaintRule } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type DeviceTaintRule, deviceTaintRules } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { checkConditions } from '../../conditions.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { tooMany } from '../../problems.ts'
import { checkTaint } from '../devices.ts'
import { checkDriverName } from '../../drivernames.ts'
import { checkDevice, checkPool, group } from '../names.ts'

const conditionsMax = 8

/** A taint says since when it is what it is: when it changes, and its writer keeps the old time, that is now. */
function timed(next: DeviceTaintRule, before: DeviceTaintRule | undefined, now: number): DeviceTaintRule {
  const [taint, was] = [next.spec.taint, before?.spec.taint]
  const stale = was !== undefined && taint?.timeAdded === was.timeAdded && !sameMeaning(taint, was)
  if (taint === undefined || (taint.timeAdded && !stale)) return next
  return { ...next, spec: { ...next.spec, taint: { ...taint, timeAdded: timestamp(now) } } }
}

function check(next: DeviceTaintRule, before: DeviceTaintRule | undefined): readonly Problem[] {
  const { deviceSelector: selector, taint } = next.spec
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...(selector?.driver === undefined ? [] : checkDriverName(selector.driver, 'spec.deviceSelector.driver')),
    ...(selector?.pool === undefined ? [] : checkPool(selector.pool, 'spec.deviceSelector.pool')),
    ...(selector?.device === undefined ? [] : checkDevice(selector.device, 'spec.deviceSelector.device')),
    ...checkTaint(taint ?? { key: '', effect: '' }, before?.spec.taint, 'spec.taint'),
  ]
}

function checkStatus({ status: { conditions = [] } }: DeviceTaintRule): readonly Problem[] {
  return [...checkConditions('status.conditions', conditions), ...(conditions.length > conditionsMax ? [tooMany('status.conditions', conditions.length, conditionsMax)] : [])]
}

export const deviceTaintRule: Kind<DeviceTaintRule> = {
  ...deviceTaintRules,
  singular: 'devicetaintrule', shortNames: [], categories: [],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.resource.v1.DeviceTaintRule', fill: filling<V1beta2DeviceTaintRule>((draft) => withParts(draft, 'spec', 'status')),
    columns: [
      nameColumn,
      text('Key', 'The taint key to be applied to a device.', ({ spec }) => spec.taint?.key ?? ''),
      text('Value', 'The taint value corresponding to the taint key.', ({ spec }) => spec.taint?.value ?? ''),
      text('Effect', 'The effect of the taint on claims that do not tolerate the taint and through such claims on the pods using them.', ({ spec }) => spec.taint?.effect ?? ''),
      text('TimeAdded', 'TimeAdded represents the time at which the taint was added or (only in a DeviceTaintRule) the effect was modified.', ({ spec }, now) => age(spec.taint?.timeAdded, now)),
      ageColumn,
    ],
  }],
  prepare: (next, before, { now }) => timed({ ...next, status: before?.status ?? {} }, before, now),
  check,
  checkStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
