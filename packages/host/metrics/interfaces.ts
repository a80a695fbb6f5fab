import { readFileSync } from 'node:fs'

/** What went through one network interface. */
export interface InterfaceReading { readonly name: string; readonly rxBytes: number; readonly rxPackets: number; readonly rxErrors: number; readonly rxDropped: number; readonly txBytes: number; readonly txPackets: number; readonly txErrors: number; readonly txDropped: number }

/** The interfaces of the network namespace that the process lives in, without the loopback; none when it is gone. */
export function interfacesOf(process: number | 'thread-self'): readonly InterfaceReading[] {
  try { return parseInterfaces(readFileSync(`/proc/${process}/net/dev`, 'utf8')) } catch {
    return [] // it has ended
  }
}

/** Reads /proc/net/dev. */
export function parseInterfaces(text: string): readonly InterfaceReading[] {
  return text.split('\n').flatMap((line): InterfaceReading[] => {
    const [name = '', counts] = line.split(':')
    if (counts === undefined || name.trim() === 'lo') return []
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0, , , , , txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = counts.trim().split(/\s+/).map(Number)
    return [{ name: name.trim(), rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }]
  })
}
