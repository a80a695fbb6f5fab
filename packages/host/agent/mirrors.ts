import type { Pod } from '@kubeskiff/core/api'

/** Annotations by which pods of manifests are known, and their mirrors: upstream's. */
export const hashKey = 'kubernetes.io/config.hash'
export const mirrorKey = 'kubernetes.io/config.mirror'
export const sourceKey = 'kubernetes.io/config.source'
export const seenKey = 'kubernetes.io/config.seen'

/** Whether a pod of the API shows one that a node runs by itself. */
export const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorKey] !== undefined
/** Whether a pod is one that a node runs from a file. */
export const isStatic = ({ metadata }: Pod): boolean => metadata.annotations?.[sourceKey] === 'file' && metadata.annotations[hashKey] === metadata.uid
/** By which a node knows a pod: of a mirror that is the uid of the pod that it shows. */
export const uidOnNode = ({ metadata }: Pod): string => metadata.annotations?.[mirrorKey] ?? metadata.uid
