// The matchConditions of webhooks and policies, and the other expressions of policies.
import type { MatchCondition } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { checkLabelKey } from '../../selectors/syntax.ts'
import { checkText, duplicate, required, tooMany } from '../problems.ts'
import { checkExpression } from './expressions.ts'

const conditionsMax = 64

export function checkMatchConditions(path: string, conditions: readonly MatchCondition[] | undefined, hasParams: boolean): readonly Problem[] {
  const all = conditions ?? []
  const names = new Set<string>()
  return [
    ...(all.length > conditionsMax ? [tooMany(path, all.length, conditionsMax)] : []),
    ...all.flatMap(({ name = '', expression = '' }, index) => {
      const at = `${path}[${index}]`
      const repeated = name !== '' && names.has(name)
      names.add(name)
      return [
        ...(expression.trim() === '' ? [required(`${at}.expression`)] : checkExpression(`${at}.expression`, expression.trim(), { hasParams, hasAuthorizer: true, result: 'bool' })),
        ...(name === '' ? [required(`${at}.name`)] : checkText(`${at}.name`, name, checkLabelKey)),
        ...(repeated ? [duplicate(`${at}.name`, name)] : []),
      ]
    }),
  ]
}
