import { createHash } from 'node:crypto'
import { kubeletDirectory } from '../plugins/index.ts'
import type { HeldVolume } from './held.ts'

type Named = Pick<HeldVolume, 'driver' | 'handle' | 'volume' | 'isBlock'>
const own = `${kubeletDirectory}/plugins/kubernetes.io/csi`

/** Where a volume is staged for all pods of a node, as drivers know it; upstream's layout. */
export const stagingOf = ({ driver, handle, volume, isBlock }: Named): string =>
  (isBlock ? `${own}/volumeDevices/staging/${volume}` : `${own}/${driver}/${createHash('sha256').update(handle).digest('hex')}/globalmount`)

/** Where it is published for a pod: a folder, or a device. */
export const targetOf = ({ volume, isBlock }: Named, pod: string): string =>
  (isBlock ? `${own}/volumeDevices/publish/${volume}/${pod}` : `${kubeletDirectory}/pods/${pod}/volumes/kubernetes.io~csi/${volume}/mount`)
