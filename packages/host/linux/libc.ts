import { createRequire } from 'node:module'

/** A system call that failed: its name and the error number that Linux gave. */
export class SystemCallError extends Error {
  readonly call: string
  readonly errno: number
  constructor(call: string, errno: number, about: string) {
    super(`${call} ${about}: ${errorName(errno)}`)
    this.call = call
    this.errno = errno
  }
}

/** The calls of the C library that Node has no words for. All are synchronous and run on the calling thread. */
export interface Libc {
  readonly unshare: (flags: number) => number
  readonly setns: (descriptor: number, kind: number) => number
  readonly mount: (source: string | null, target: string, type: string | null, flags: number, data: string | null) => number
  readonly umount2: (target: string, flags: number) => number
  readonly sethostname: (name: string, length: number) => number
  readonly mknod: (path: string, mode: number, device: number) => number
  readonly lsetxattr: (path: string, name: string, value: Uint8Array, size: number, flags: number) => number
  readonly socket: (family: number, type: number, protocol: number) => number
  readonly setsockopt: (descriptor: number, level: number, option: number, value: Uint8Array, size: number) => number
  readonly bind: (descriptor: number, address: Uint8Array, size: number) => number
  readonly connect: (descriptor: number, address: Uint8Array, size: number) => number
  readonly listen: (descriptor: number, backlog: number) => number
  readonly send: (descriptor: number, bytes: Uint8Array, size: number, flags: number) => number
  readonly recv: (descriptor: number, bytes: Uint8Array, size: number, flags: number) => number
  readonly close: (descriptor: number) => number
  /** The three calls by which a mount is copied, changed and attached; not all C libraries have words for them. */
  readonly openTree: (path: string, flags: number) => number
  readonly setMountAttributes: (descriptor: number, flags: number, attributes: MountAttributes) => number
  readonly moveMount: (descriptor: number, target: string) => number
  readonly errno: () => number
}

/** What shall be said of a mount; `users`: a descriptor of the user namespace whose ids its files' owners are mapped to. */
export interface MountAttributes { readonly set: bigint; readonly users?: number }

// After linux/fcntl.h and linux/mount.h; the numbers of the calls are the same on all architectures.
const currentDirectory = -100
const emptyPath = 0x1000
const closeOnExec = 0o2000000
const fromEmptyPath = 4

/** The structure mount_attr: what is set, what is cleared, how mounts spread, users. */
function attributeBytes({ set, users = 0 }: MountAttributes): Uint8Array {
  const bytes = Buffer.alloc(attributeSize)
  bytes.writeBigUInt64LE(set, 0)
  bytes.writeBigUInt64LE(BigInt(users), 24)
  return bytes
}
const attributeSize = 32

let loaded: Libc | undefined

/** The C library through koffi, loaded when first asked for. Throws where koffi has no binary for this platform. */
export function libc(): Libc {
  loaded ??= load()
  return loaded
}

function load(): Libc {
  const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi')
  const library = koffi.load('libc.so.6')
  const call = library.func('long syscall(long, ...)')
  return {
    unshare: library.func('int unshare(int)'),
    setns: library.func('int setns(int, int)'),
    mount: library.func('int mount(const char *, const char *, const char *, unsigned long, const char *)'),
    umount2: library.func('int umount2(const char *, int)'),
    sethostname: library.func('int sethostname(const char *, size_t)'),
    mknod: library.func('int mknod(const char *, unsigned int, unsigned long)'),
    lsetxattr: library.func('int lsetxattr(const char *, const char *, uint8_t *, size_t, int)'),
    socket: library.func('int socket(int, int, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, uint8_t *, uint32_t)'),
    bind: library.func('int bind(int, uint8_t *, uint32_t)'),
    connect: library.func('int connect(int, uint8_t *, uint32_t)'),
    listen: library.func('int listen(int, int)'),
    send: library.func('long send(int, uint8_t *, size_t, int)'),
    recv: library.func('long recv(int, _Out_ uint8_t *, size_t, int)'),
    close: library.func('int close(int)'),
    openTree: (path, flags) => Number(call(428, 'int', currentDirectory, 'str', path, 'uint', closeOnExec | flags)),
    setMountAttributes: (descriptor, flags, attributes) => Number(call(442, 'int', descriptor, 'str', '', 'uint', emptyPath | flags, 'void *', attributeBytes(attributes), 'ulong', attributeSize)),
    moveMount: (descriptor, target) => Number(call(429, 'int', descriptor, 'str', '', 'int', currentDirectory, 'str', target, 'uint', fromEmptyPath)),
    errno: () => koffi.errno(),
  }
}

/** Throws the error of `call` when it answered less than zero; gives its answer back otherwise. */
export function checked(call: string, answer: number, about: string): number {
  if (answer < 0) throw new SystemCallError(call, libc().errno(), about)
  return answer
}

const names: Readonly<Record<number, string>> = {
  1: 'operation not permitted', 2: 'no such file or directory', 3: 'no such process', 11: 'try again',
  13: 'permission denied', 16: 'device or resource busy', 17: 'file exists', 19: 'no such device',
  20: 'not a directory', 22: 'invalid argument', 28: 'no space left on device', 95: 'operation not supported',
  98: 'address already in use', 99: 'cannot assign requested address', 101: 'network is unreachable',
  110: 'connection timed out', 111: 'connection refused', 113: 'no route to host', 115: 'operation now in progress',
}

/** The words for an error number, as the C library says them. */
export function errorName(errno: number): string {
  return names[errno] ?? `error ${errno}`
}
