// What upstream's validation of resources refuses.
import { compareQuantities, formatQuantity, parseQuantity, quantityFault } from '../../../../base/quantity.ts'
import type { ResourceRequirements } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelKey } from '../../../selectors/syntax.ts'
import { checkText, invalid, required } from '../../problems.ts'
import { nonNegativeFault } from '../amounts.ts'

const standard: readonly string[] = ['cpu', 'memory', 'ephemeral-storage']
const whole = 1_000_000_000n

/** A resource that a node offers beside the standard ones: counted in whole units, never overcommitted. */
const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/')
const isHugePages = (name: string): boolean => name.startsWith('hugepages-')

export function checkResources(resources: ResourceRequirements | undefined, path: string): readonly Problem[] {
  const { limits = {}, requests = {} } = resources ?? {}
  return [
    ...checkAmounts(limits, `${path}.limits`),
    ...checkAmounts(requests, `${path}.requests`),
    ...Object.entries(requests).flatMap(([name, asked]) => {
      const request = parseQuantity(asked)
      const limit = parseQuantity(limits[name] ?? '')
      if (request === undefined) return []
      const exact = isExtended(name) || isHugePages(name)
      if (limit === undefined) return exact ? [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')] : []
      const order = compareQuantities(request, limit)
      if (exact && order !== 0) return [invalid(`${path}.requests`, formatQuantity(request), `must be equal to ${name} limit of ${formatQuantity(limit)}`)]
      return order > 0 ? [invalid(`${path}.requests`, formatQuantity(request), `must be less than or equal to ${name} limit of ${formatQuantity(limit)}`)] : []
    }),
  ]
}

function checkAmounts(amounts: Readonly<Record<string, string>>, path: string): readonly Problem[] {
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const at = `${path}[${name}]`
    const quantity = parseQuantity(amount)
    const isStandard = standard.includes(name) || isHugePages(name)
    return [
      ...checkText(at, name, checkLabelKey),
      ...(isStandard || name.includes('/') ? [] : [invalid(at, name, 'must be a standard resource type or fully qualified'), invalid(at, name, 'must be a standard resource for containers')]),
      ...(quantity === undefined ? [invalid(at, amount, quantityFault)]
        : quantity.nanos < 0n ? [invalid(at, amount, nonNegativeFault)]
          : isExtended(name) && quantity.nanos % whole !== 0n ? [invalid(at, amount, 'must be an integer')] : []),
    ]
  })
}
