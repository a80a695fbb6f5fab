// Values that come as JSON in annotations: anybody can write those, so they are looked at before they are used.

/** What a value is to look like. Fields may be absent; others than those named are not looked at. */
export type Shape = 'text' | 'number' | { readonly list: Shape } | { readonly map: Shape } | { readonly fields: Readonly<Record<string, Shape>> }

/** Does the value look like the shape? */
export function fits(value: unknown, shape: Shape): boolean {
  if (shape === 'text') return typeof value === 'string'
  if (shape === 'number') return Number.isInteger(value)
  if ('list' in shape) return Array.isArray(value) && value.every((each) => fits(each, shape.list))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if ('map' in shape) return Object.values(value).every((each) => fits(each, shape.map))
  return Object.entries(value).every(([name, each]) => {
    const inner = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
    return inner === undefined || each === undefined || fits(each, inner)
  })
}

/** The value of a JSON text; undefined when it is none. */
export function read(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Whoever wrote this text wrote it for nobody.
    return undefined
  }
}
