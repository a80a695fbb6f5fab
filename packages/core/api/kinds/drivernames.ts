import type { Problem } from '../refusal.ts'
import { checkSubdomain } from '../selectors/syntax.ts'
import { invalid, required, tooLong } from './problems.ts'

const driverMax = 63

/** The name of a driver, of storage or of devices, where others refer to it. */
export function checkDriverName(name: string | undefined, path: string): readonly Problem[] {
  if (!name) return [required(path)]
  return [...(name.length > driverMax ? [tooLong(path, driverMax)] : []), ...checkSubdomain(name.toLowerCase()).map((detail) => invalid(path, name, detail))]
}
