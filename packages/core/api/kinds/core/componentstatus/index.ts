import type { ComponentStatus as ComponentStatusModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import { type ComponentStatus, componentStatuses } from '../../../resources.ts'
import { nameColumn, text } from '../../columns.ts'
import { asItIs } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'

/** What upstream probes. Here they are one process with the server: whoever reads this has been answered by all of them. */
const components = ['scheduler', 'controller-manager', 'etcd-0'] as const
const healthy: NonNullable<ComponentStatusModel['conditions']> = [{ type: 'Healthy', status: 'True', message: 'ok' }]

const conditionOf = ({ conditions }: ComponentStatus) => conditions?.find(({ type }) => type === 'Healthy')

export const componentStatus: Kind<ComponentStatus> = {
  ...componentStatuses,
  singular: 'componentstatus', shortNames: ['cs'], categories: [],
  lacks: ['create', 'delete', 'deletecollection', 'patch', 'update', 'watch'],
  hasStatus: false,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.ComponentStatus', fill: asItIs,
    deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
    columns: [
      nameColumn,
      text('Status', 'Status of the component conditions', (object) => {
        const status = conditionOf(object)?.status
        return status === undefined ? 'Unknown' : status === 'True' ? 'Healthy' : 'Unhealthy'
      }),
      text('Message', 'Message of the component conditions', (object) => conditionOf(object)?.message ?? ''),
      text('Error', 'Error of the component conditions', (object) => conditionOf(object)?.error ?? ''),
    ],
  }],
  check: (next, before) => checkMetadata(next, before, { scope: 'Cluster' }),
  computed: () => components.map((name) => ({ apiVersion: 'v1', kind: 'ComponentStatus', metadata: unstored(name), conditions: healthy })),
}

/** Nothing but its name: what is made for one answer has neither an identity nor a past. */
const unstored = (name: string): ComponentStatus['metadata'] => ({ name }) as ComponentStatus['metadata']
