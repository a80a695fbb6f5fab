/**
 * Reads what a server answered as the store holds it. Upstream's types, and so ours when they are shown, write some fields that hold
 * nothing as null; in a store they are absent, and whoever compared the two would write the same status for ever.
 */
export const readShown = (text: string): unknown => (text.includes(':null') ? JSON.parse(text, present) : JSON.parse(text))

function present(this: unknown, _key: string, value: unknown): unknown {
  return value === null && !Array.isArray(this) ? undefined : value
}
