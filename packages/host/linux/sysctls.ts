import { writeFileSync } from 'node:fs'

/** Settings of the namespaces net, ipc and uts. Whatever is of none of them would be the whole machine's. */
const own = /^(net\/|kernel\/(shm|msg)\w*$|kernel\/sem$|fs\/mqueue\/)/

/** Makes settings of the kernel in the namespaces that this thread is in. Throws for those that are not of a namespace. */
export function writeOwnSettings(sysctls: readonly { readonly name: string; readonly value: string }[]): void {
  for (const { name, value } of sysctls) {
    const path = name.replaceAll('.', '/')
    // The kubelet allows fewer still.
    if (!own.test(path) || path.includes('..')) throw new Error(`sysctl ${name} is not a pod's own`)
    writeFileSync(`/proc/sys/${path}`, value)
  }
}
