import { chmodSync, chownSync } from 'node:fs'
import { checked, libc } from './libc.ts'

/** The numbers that Linux knows a device node by, of what `stat` tells as its rdev. */
export const deviceNumbers = (rdev: number): { readonly major: number; readonly minor: number } =>
  ({ major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) })

/** A device node as the OCI runtime specification writes it. */
export interface DeviceNode { readonly type: 'b' | 'c'; readonly major: number; readonly minor: number; readonly fileMode: number; readonly uid: number; readonly gid: number }

const kinds = { b: 0o060000, c: 0o020000 }
/** Makes a device node. Its file system must let devices be used. */
export function makeDevice(path: string, { type, major, minor, fileMode, uid, gid }: DeviceNode): void {
  // As the C library packs the two, numbers beyond twelve and eight bits aside.
  const number = ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12)
  checked('mknod', libc().mknod(path, kinds[type], number >>> 0), path)
  chmodSync(path, fileMode)
  chownSync(path, uid, gid)
}
