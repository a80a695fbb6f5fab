const msOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** '1m30s', '250ms', '10' (seconds) in milliseconds; undefined when it is no duration. */
export function durationMs(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)].reduce((sum, [, amount, name]) => sum + Number(amount) * (msOf[name ?? 's'] ?? 0), 0)
}

const goUnits: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, '\u03bcs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A duration as Go writes it ('1h2m3.5s', '-3s', '0') in milliseconds; undefined when it is none. */
export function goDurationMs(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  if (!/^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|\u03bcs|ms|s|m|h))+$/.test(text)) return undefined
  const sum = [...text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|\u03bcs|ms|s|m|h)/g)].reduce((before, [, amount, unit]) => before + Number(amount) * (goUnits[unit ?? ''] ?? 0), 0)
  return text.startsWith('-') ? -sum : sum
}
