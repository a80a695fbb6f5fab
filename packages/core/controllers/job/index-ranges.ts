/** Completion indexes as the API writes them: '1,3-5,7'. Numbers that are no indexes of `completions` are left out. */
export function readIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (match === null) continue
    const last = Math.min(Number(match[2] ?? match[1]), completions - 1)
    for (let index = Number(match[1]); index <= last; index++) indexes.add(index)
  }
  return indexes
}

/** Two indexes in a row are listed, three and more make a range. */
export function indexesText(indexes: ReadonlySet<number>): string {
  const parts: string[] = []
  let first: number | undefined
  let last = 0
  const close = (): void => {
    if (first === undefined) return
    parts.push(last === first ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`)
  }
  for (const index of [...indexes].toSorted((a, b) => a - b)) {
    if (first !== undefined && index === last + 1) { last = index; continue }
    close()
    first = last = index
  }
  close()
  return parts.join(',')
}
