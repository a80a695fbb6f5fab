/** A double as Go's %g with the fewest digits writes it: '1e+21', '0.5', '+Inf'. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 21) return plainText(value)
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}
const plainText = (value: number): string => {
  const text = String(value)
  if (!text.includes('e')) return text
  // JavaScript writes small numbers with an exponent from 1e-7 on; the callers' bound keeps those out.
  return value.toFixed(20).replace(/0+$/, '')
}
