/** A value that somebody sent, for a message: texts as they are, all else as JSON. `String()` breaks on objects without a prototype, or with a `toString` of their own. */
export const shownText = (value: unknown): string => (typeof value === 'string' ? value : String(JSON.stringify(value)))
