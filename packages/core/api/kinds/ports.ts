import type { Problem } from '../refusal.ts'
import type { TextRule } from '../selectors/syntax.ts'
import { checkText, invalid } from './problems.ts'

export const portFault = 'must be between 1 and 65535, inclusive'
export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP']

export const isPort = (port: number | undefined): boolean => port !== undefined && Number.isInteger(port) && port >= 1 && port <= 65535

/** The name of a container's port (IANA_SVC_NAME). */
export const checkPortName: TextRule = (name) => [
  ...(name.length > 15 ? ['must be no more than 15 characters'] : []),
  ...(/^[-a-z0-9]+$/.test(name) ? [] : ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
  ...(/[a-z]/.test(name) ? [] : ['must contain at least one letter (a-z)']),
  ...(name.includes('--') ? ['must not contain consecutive hyphens'] : []),
  ...(name.startsWith('-') || name.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
]

/** A port by number or by the name of a container's port. */
export function checkPortOrName(path: string, port: number | string): readonly Problem[] {
  if (typeof port === 'string') return checkText(path, port, checkPortName)
  return isPort(port) ? [] : [invalid(path, port, portFault)]
}
