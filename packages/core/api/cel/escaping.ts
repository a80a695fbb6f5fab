// Names of properties as identifiers: 'a.b' is a__dot__b, 'namespace' is __namespace__.
const reserved = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'])
const escapes: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' }

/** The identifier of a property; undefined where it has none. */
export function escaped(property: string): string | undefined {
  if (reserved.has(property)) return `__${property}__`
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(property)) return undefined
  return property.replace(/__|[-./]/g, (part) => escapes[part] ?? part)
}
