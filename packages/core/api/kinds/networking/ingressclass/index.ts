import type { IngressClass as IngressClassModel, IngressClassParametersReference } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type IngressClass, ingressClasses } from '../../../resources.ts'
import { checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkRequiredOneOf, checkText, forbidden, immutable, invalid, required, tooLong } from '../../problems.ts'
import { checkReference } from '../references.ts'

const controllerMax = 250
const httpPath = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class'

/** Is this the class of Ingresses that name none? */
export const isDefaultIngressClass = ({ metadata }: IngressClass): boolean => metadata.annotations?.[defaultAnnotation] === 'true'

const fill = (draft: IngressClassModel): IngressClassModel =>
  withField(withParts(draft, 'spec'), 'spec', (spec) => withField(spec, 'parameters', (parameters) => withDefaults(parameters, { scope: 'Cluster' })))

function check(next: IngressClass, before: IngressClass | undefined): readonly Problem[] {
  const { controller = '', parameters } = next.spec
  return [
    ...(before === undefined || controller === before.spec.controller ? [] : [immutable('spec.controller', controller)]),
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...(controller === '' ? [required('spec.controller')] : [
      ...(controller.length > controllerMax ? [tooLong('spec.controller', controllerMax)] : []),
      ...checkPrefixedPath('spec.controller', controller),
    ]),
    ...(parameters === undefined ? [] : checkParameters(parameters, 'spec.parameters')),
  ]
}

/** 'acme.io/foo': a domain, and a path under it. */
function checkPrefixedPath(at: string, text: string): readonly Problem[] {
  const slash = text.indexOf('/')
  const [domain, path] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)]
  if (slash < 0 || domain === '' || path === '') return [invalid(at, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  const faults = checkSubdomain(domain).map((detail) => invalid(at, domain, detail))
  return httpPath.test(path) ? faults : [...faults, invalid(at, path, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')")]
}

function checkParameters(parameters: IngressClassParametersReference, path: string): readonly Problem[] {
  const { scope, namespace } = parameters
  return [
    ...checkReference(parameters, path),
    ...checkRequiredOneOf(`${path}.scope`, scope, ['Cluster', 'Namespace']),
    ...(scope !== 'Namespace' ? [] : namespace === undefined ? [required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'")] : checkText(`${path}.namespace`, namespace, checkLabelName)),
    ...(scope === 'Cluster' && namespace !== undefined ? [forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'")] : []),
  ]
}

function parametersText({ spec: { parameters } }: IngressClass): string {
  if (parameters === undefined) return '<none>'
  return `${parameters.kind}${parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`}/${parameters.name}`
}

export const ingressClass: Kind<IngressClass> = {
  ...ingressClasses,
  singular: 'ingressclass', shortNames: [], categories: [],
  hasStatus: false,
  generation: 'spec',
  served: [{
    group: 'networking.k8s.io', version: 'v1', definition: 'io.k8s.api.networking.v1.IngressClass', fill: filling(fill),
    columns: [
      { ...nameColumn, cell: (object) => (isDefaultIngressClass(object) ? `${object.metadata.name} (default)` : object.metadata.name) },
      text('Controller', 'Controller that is responsible for handling this class', ({ spec }) => spec.controller ?? ''),
      text('Parameters', 'A reference to a resource with additional parameters', parametersText),
      ageColumn,
    ],
  }],
  check,
}
