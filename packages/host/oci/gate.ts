/** Lets at most `limit` acts run at the same time; the others wait in line. */
export function createGate(limit: number): <Answer>(act: () => Promise<Answer>) => Promise<Answer> {
  let running = 0
  const line: (() => void)[] = []
  return async (act) => {
    if (running >= limit) await new Promise<void>((go) => line.push(go))
    else running += 1
    try {
      return await act()
    } finally {
      const next = line.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
