// What kinds of storage share.
import type { Problem } from '../../refusal.ts'
import { checkLabelKey } from '../../selectors/syntax.ts'
import { checkText, invalid, required, tooLong } from '../problems.ts'

const parametersMax = 512
const parametersBytesMax = 256 * 1024

/** Who makes the volumes of a class. */
export const checkProvisioner = (path: string, name = ''): readonly Problem[] =>
  (name === '' ? [required(path, name)] : checkText(path, name.toLowerCase(), checkLabelKey))

/** What a class tells its provisioner. */
export function checkParameters(path: string, parameters: Readonly<Record<string, string>> = {}): readonly Problem[] {
  const pairs = Object.entries(parameters)
  if (pairs.length > parametersMax) return [tooLong(path, parametersMax)]
  const size = pairs.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  return [
    ...pairs.flatMap(([key]) => (key === '' ? [invalid(path, key, 'field can not be empty.')] : [])),
    ...(size > parametersBytesMax ? [tooLong(path, parametersBytesMax)] : []),
  ]
}
