// Names of signers, as upstream's pkg/apis/core/validation/names.go.
import type { Problem } from '../../refusal.ts'
import { checkLabelName, checkSubdomain } from '../../selectors/syntax.ts'
import { invalid, required, tooLong } from '../problems.ts'

export const group = 'certificates.k8s.io'
const domainMax = 253
// A domain, '/', a namespace, '.', a name.
const nameMax = domainMax + 1 + 63 + 1 + 253

/** Is the name one of those that the Kubernetes project keeps for itself? */
export const isKubernetesSigner = (name: string): boolean => /^([^/]*\.)?kubernetes\.io(\/|$)/.test(name)

export function checkSignerName(path: string, name: string | undefined): readonly Problem[] {
  if (name === undefined || name === '') return [required(path)]
  const segments = name.split('/')
  const [domain = '', rest = ''] = segments
  if (segments.length !== 2) return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
  return [
    ...(domain.length > domainMax ? [tooLong(path, domainMax)] : []),
    ...firstFault(path, domain, checkLabelName),
    ...(domain.includes('.') ? [] : [invalid(path, domain, 'should be a domain with at least two segments separated by dots')]),
    ...firstFault(path, rest, checkSubdomain),
    ...(name.length > nameMax ? [tooLong(path, nameMax)] : []),
  ]
}

/** The faults of the first part between dots that has any. */
function firstFault(path: string, text: string, rule: (text: string) => readonly string[]): readonly Problem[] {
  const part = text.split('.').find((each) => rule(each).length > 0)
  return part === undefined ? [] : rule(part).map((fault) => invalid(path, text, `validating label ${JSON.stringify(part)}: ${fault}`))
}
