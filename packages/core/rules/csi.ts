// What the kubelet, the controller that attaches volumes and drivers' own controllers agree on.
import { csiDrivers } from '../api/resources.ts'
import type { ClusterView } from '../api/view.ts'
import { sha256 } from '../base/sha256.ts'

/** A volume's name in the status of a node. */
export const csiVolumeName = (driver: string, handle: string): string => `kubernetes.io/csi/${driver}^${handle}`

/** The VolumeAttachment of a volume on a node. */
export const attachmentName = (driver: string, handle: string, node: string): string => `csi-${hexOf(`${handle}${driver}${node}`)}`

/** The handle of a volume that is one pod's only, by its name in the pod. */
export const inlineHandle = (pod: string, volume: string): string => `csi-${hexOf(`${pod}${volume}`)}`

/** Whether volumes of a driver are attached before they are mounted: yes, unless it says otherwise. */
export const needsAttachment = (driver: string, view: ClusterView): boolean => view.get(csiDrivers, '', driver)?.spec.attachRequired !== false

const hexOf = (text: string): string => [...sha256(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
