// Whose requests a FlowSchema matches, and which: as upstream's validation of its rules.
import type { FlowcontrolV1Subject, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, ServiceAccountSubject } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { checkRequiredText, checkText, forbidden, invalid, required, unsupported } from '../../problems.ts'

const knownVerbs: readonly string[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']
const subjectFields = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const

export function checkRules({ subjects = [], resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, path: string): readonly Problem[] {
  return [
    ...(subjects.length === 0 ? [required(`${path}.subjects`, 'subjects must contain at least one value')] : []),
    ...subjects.flatMap((subject, index) => checkSubject(subject, `${path}.subjects[${index}]`)),
    ...(resourceRules.length + nonResourceRules.length === 0 ? [required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')] : []),
    ...resourceRules.flatMap((rule, index) => checkResourceRule(rule, `${path}.resourceRules[${index}]`)),
    ...nonResourceRules.flatMap((rule, index) => checkNonResourceRule(rule, `${path}.nonResourceRules[${index}]`)),
  ]
}

function checkSubject(subject: FlowcontrolV1Subject, path: string): readonly Problem[] {
  const { kind } = subject
  if (kind !== 'Group' && kind !== 'ServiceAccount' && kind !== 'User') return [unsupported(`${path}.kind`, kind ?? '', Object.keys(subjectFields))]
  const field = subjectFields[kind]
  const named = subject[field]
  return [
    ...(named === undefined ? [required(`${path}.${field}`, `${field} is required when subject kind is '${kind}'`)]
      : kind === 'ServiceAccount' ? checkServiceAccount(subject.serviceAccount ?? { name: '', namespace: '' }, `${path}.${field}`)
        : named.name ? [] : [required(`${path}.${field}.name`)]),
    ...(['ServiceAccount', 'User', 'Group'] as const).filter((other) => other !== kind && subject[subjectFields[other]] !== undefined)
      .map((other) => forbidden(`${path}.${subjectFields[other]}`, `${subjectFields[other]} is forbidden when subject kind is not '${other}'`)),
  ]
}

const checkServiceAccount = ({ name, namespace }: ServiceAccountSubject, path: string): readonly Problem[] => [
  ...(name === '*' ? [] : checkRequiredText(`${path}.name`, name, checkSubdomain)),
  ...checkRequiredText(`${path}.namespace`, namespace, checkLabelName, 'must specify namespace for service account'),
]

function checkVerbs(verbs: readonly string[], path: string): readonly Problem[] {
  if (verbs.length === 0) return [required(`${path}.verbs`, 'verbs must contain at least one value')]
  if (verbs.includes('*')) return checkAlone(verbs, `${path}.verbs`, 'verbs')
  return verbs.every((verb) => knownVerbs.includes(verb)) ? [] : [unsupported(`${path}.verbs`, verbs, knownVerbs)]
}

const checkAlone = (values: readonly string[], path: string, what: string): readonly Problem[] =>
  (values.length > 1 && values.includes('*') ? [invalid(path, values, `if '*' is present, must not specify other ${what}`)] : [])

function checkResourceRule({ verbs = [], apiGroups = [], resources = [], namespaces = [], clusterScope }: ResourcePolicyRule, path: string): readonly Problem[] {
  return [
    ...checkVerbs(verbs, path),
    ...(apiGroups.length === 0 ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')] : checkAlone(apiGroups, `${path}.apiGroups`, 'api groups')),
    ...(resources.length === 0 ? [required(`${path}.resources`, 'resource rules must supply at least one resource')] : checkAlone(resources, `${path}.resources`, 'resources')),
    ...(namespaces.length === 0 && clusterScope !== true ? [required(`${path}.namespaces`, 'resource rules that are not cluster scoped must supply at least one namespace')]
      : namespaces.includes('*') ? checkAlone(namespaces, `${path}.namespaces`, 'namespaces')
        : namespaces.flatMap((name, index) => checkLabelName(name).map((detail) => invalid(`${path}.namespaces[${index}]`, name, `each member of this list must be '*' or a DNS-1123 label; ${detail}`)))),
  ]
}

function checkNonResourceRule({ verbs = [], nonResourceURLs: urls = [] }: NonResourcePolicyRule, path: string): readonly Problem[] {
  const at = `${path}.nonResourceURLs`
  return [
    ...checkVerbs(verbs, path),
    ...(urls.length === 0 ? [required(at, 'nonResourceURLs must contain at least one value')]
      : urls.includes('*') ? checkAlone(urls, at, 'non-resource URLs') : urls.flatMap((url, index) => checkText(`${at}[${index}]`, url, checkUrl))),
  ]
}

/** A path: from the root, without gaps; a star stands for all that follows. */
function checkUrl(url: string): readonly string[] {
  if (url === '') return ['must not be empty']
  if (url === '/') return []
  if (!url.startsWith('/')) return ['must start with slash']
  if (url.includes(' ')) return ['must not contain white-space']
  if (url.includes('//')) return ['must not contain double slash']
  const stars = url.split('*').length - 1
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? ['wildcard can only do suffix matching'] : []
}
