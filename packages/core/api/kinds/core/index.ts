import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { componentStatus } from './componentstatus/index.ts'
import { configMap } from './configmap/index.ts'
import { endpoints } from './endpoints/index.ts'
import { event } from './event/index.ts'
import { limitRange } from './limitrange/index.ts'
import { namespace } from './namespace/index.ts'
import { node } from './node/index.ts'
import { persistentVolumeClaim } from './persistentvolumeclaim/index.ts'
import { persistentVolume } from './persistentvolume/index.ts'
import { podTemplate } from './podtemplate/index.ts'
import { pod } from './pod/index.ts'
import { replicationController } from './replicationcontroller/index.ts'
import { resourceQuota } from './resourcequota/index.ts'
import { secret } from './secret/index.ts'
import { serviceAccount } from './serviceaccount/index.ts'
import { service } from './service/index.ts'

export const coreKinds: readonly Kind<Resource>[] = [
  componentStatus, configMap, endpoints, event, limitRange, namespace, node, persistentVolumeClaim, persistentVolume, podTemplate, pod, replicationController, resourceQuota, secret, serviceAccount, service,
]
