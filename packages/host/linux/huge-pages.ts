import { existsSync, readdirSync, readFileSync } from 'node:fs'

const unitsUp = ['Ki', 'Mi', 'Gi'] as const

/** The machine's huge pages as a node's capacity, by size: { 'hugepages-2Mi': '64Mi' }. '0' of a size that the kernel knows and keeps none of. */
export function hugePages(directory = '/sys/kernel/mm/hugepages'): Readonly<Record<string, string>> {
  if (!existsSync(directory)) return {}
  return Object.fromEntries(readdirSync(directory).flatMap((name) => {
    const kibibytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0)
    if (kibibytes === 0) return []
    const count = Number(readFileSync(`${directory}/${name}/nr_hugepages`, 'utf8'))
    return [[`hugepages-${inUnits(kibibytes)}`, count === 0 ? '0' : inUnits(kibibytes * count)]]
  }).sort())
}

/** Kibibytes in the largest unit that they are whole numbers of. */
function inUnits(kibibytes: number): string {
  let [amount, unit] = [kibibytes, 0]
  while (amount % 1024 === 0 && unit < unitsUp.length - 1) [amount, unit] = [amount / 1024, unit + 1]
  return `${amount}${unitsUp[unit] ?? ''}`
}
