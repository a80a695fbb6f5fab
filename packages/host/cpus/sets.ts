/** Numbers of CPUs. */
export type CpuSet = ReadonlySet<number>

const numbersMost = 8192
/** A set as the kernel writes it ('0-3,8'); undefined when it is none. */
export function readCpuSet(text: string): CpuSet | undefined {
  const found = new Set<number>()
  for (const part of text.trim() === '' ? [] : text.trim().split(',')) {
    const [, from = '', to = from] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    if (from === '' || Number(to) < Number(from) || Number(to) >= numbersMost) return undefined
    for (let cpu = Number(from); cpu <= Number(to); cpu++) found.add(cpu)
  }
  return found
}

/** '0-3,8' */
export function cpuSetText(set: CpuSet): string {
  const runs: [number, number][] = []
  for (const cpu of [...set].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last?.[1] === cpu - 1) last[1] = cpu
    else runs.push([cpu, cpu])
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',')
}
