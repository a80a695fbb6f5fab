import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { controllerRevision } from './controllerrevision/index.ts'
import { daemonSet } from './daemonset/index.ts'
import { deployment } from './deployment/index.ts'
import { replicaSet } from './replicaset/index.ts'
import { statefulSet } from './statefulset/index.ts'

export const appsKinds: readonly Kind<Resource>[] = [
  controllerRevision, daemonSet, deployment, replicaSet, statefulSet,
]
