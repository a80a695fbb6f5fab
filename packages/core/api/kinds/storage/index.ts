import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { csiDriver } from './csidriver/index.ts'
import { csiNode } from './csinode/index.ts'
import { csiStorageCapacity } from './csistoragecapacity/index.ts'
import { storageClass } from './storageclass/index.ts'
import { volumeAttachment } from './volumeattachment/index.ts'
import { volumeAttributesClass } from './volumeattributesclass/index.ts'

export const storageKinds: readonly Kind<Resource>[] = [
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
]
