import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { configMap } from './configmap/index.ts'
import { endpoints } from './endpoints/index.ts'
import { event } from './event/index.ts'
import { namespace } from './namespace/index.ts'
import { node } from './node/index.ts'
import { persistentVolumeClaim } from './persistentvolumeclaim/index.ts'
import { persistentVolume } from './persistentvolume/index.ts'
import { pod } from './pod/index.ts'
import { secret } from './secret/index.ts'
import { serviceAccount } from './serviceaccount/index.ts'
import { service } from './service/index.ts'

export const coreKinds: readonly Kind<Resource>[] = [
  configMap, endpoints, event, namespace, node, persistentVolumeClaim, persistentVolume, pod, secret, serviceAccount, service,
]
