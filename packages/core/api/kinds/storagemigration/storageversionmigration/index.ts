import type { V1beta1StorageVersionMigration as StorageVersionMigrationModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type StorageVersionMigration, storageVersionMigrations } from '../../../resources.ts'
import { nameColumn, text } from '../../columns.ts'
import { checkConditions } from '../../conditions.ts'
import { filling, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, immutable, invalid, required } from '../../problems.ts'

function check(next: StorageVersionMigration, before: StorageVersionMigration | undefined): readonly Problem[] {
  const { group = '', resource = '' } = next.spec.resource ?? {}
  const known = before?.spec.resource
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...(resource === '' ? [required('spec.resource.resource', 'resource is required')] : []),
    // Paths as upstream spells them.
    ...(known === undefined || (known.group ?? '') === group ? [] : [immutable('group', group)]),
    ...(known === undefined || known.resource === resource ? [] : [immutable('resource', resource)]),
  ]
}

function checkStatus(next: StorageVersionMigration, before: StorageVersionMigration): readonly Problem[] {
  const { conditions = [], resourceVersion = '' } = next.status
  const is = ({ status }: StorageVersionMigration, type: string): boolean => (status.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True')
  const [succeeded, failed, running] = [is(next, 'Succeeded'), is(next, 'Failed'), is(next, 'Running')]
  const path = 'status.conditions'
  return [
    ...(/^-?\d*$/.test(resourceVersion) && resourceVersion !== '-' ? checkNonNegative('status.resourceVersion', Number(resourceVersion))
      : [invalid('status.resourceVersion', resourceVersion, `failed to parse resource version ${JSON.stringify(resourceVersion)}: strconv.ParseInt: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`)]),
    ...checkConditions(path, conditions),
    ...(before.status.resourceVersion && before.status.resourceVersion !== resourceVersion ? [invalid('status.resourceVersion', resourceVersion, 'cannot be updated')] : []),
    ...(succeeded && failed ? [invalid(path, conditions, 'Both success and failed conditions cannot be true at the same time')] : []),
    ...(succeeded && running ? [invalid(path, conditions, 'Running condition cannot be true when success condition is true')] : []),
    ...(failed && running ? [invalid(path, conditions, 'Running condition cannot be true when failed condition is true')] : []),
    ...(is(before, 'Succeeded') && !succeeded ? [invalid(path, conditions, 'Success condition cannot be set to false once it is true')] : []),
    ...(is(before, 'Failed') && !failed ? [invalid(path, conditions, 'Failed condition cannot be set to false once it is true')] : []),
  ]
}

const resourceText = ({ spec }: StorageVersionMigration): string => {
  const { group = '', resource = '' } = spec.resource ?? {}
  return group === '' ? resource : `${resource}.${group}`
}

export const storageVersionMigration: Kind<StorageVersionMigration> = {
  ...storageVersionMigrations,
  singular: 'storageversionmigration', shortNames: [], categories: [],
  hasStatus: true,
  served: [{
    group: 'storagemigration.k8s.io', version: 'v1', definition: 'io.k8s.api.storagemigration.v1.StorageVersionMigration', fill: filling<StorageVersionMigrationModel>((draft) => withParts(draft, 'spec', 'status')),
    columns: [nameColumn, text('Resource', 'Fully qualified resource to migrate', resourceText)],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  check, checkStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
