import type { AuditAnnotation, ValidatingAdmissionPolicy as ValidatingAdmissionPolicyModel, ValidatingAdmissionPolicySpec, Validation } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ValidatingAdmissionPolicy, validatingAdmissionPolicies } from '../../../resources.ts'
import { checkLabelKey } from '../../../selectors/syntax.ts'
import { ageColumn, nameColumn, number, text } from '../../columns.ts'
import { checkConditions } from '../../conditions.ts'
import { filling, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkText, duplicate, invalid, required } from '../../problems.ts'
import { checkExpression } from '../expressions.ts'
import { checkPolicySpec, fillPolicySpec, paramKindText } from '../policies.ts'
import { group } from '../rules.ts'

const fill = (draft: ValidatingAdmissionPolicyModel): ValidatingAdmissionPolicyModel => withField(withParts(draft, 'spec', 'status'), 'spec', fillPolicySpec)

const reasons: readonly string[] = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const annotationsMax = 20
const expressionMax = 5 * 1024
const nothingToDo = 'validations or auditAnnotations must contain at least one item'

function check(next: ValidatingAdmissionPolicy, before: ValidatingAdmissionPolicy | undefined): readonly Problem[] {
  const { spec, metadata } = next
  const { validations = [], auditAnnotations = [] } = spec
  const keys = auditAnnotations.map(({ key }) => key)
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkPolicySpec(spec, before?.spec),
    ...(validations.length === 0 && auditAnnotations.length === 0 ? [required('spec.validations', nothingToDo), required('spec.auditAnnotations', nothingToDo)] : []),
    ...validations.flatMap((validation, index) => checkValidation(`spec.validations[${index}]`, validation, spec)),
    ...(auditAnnotations.length > annotationsMax ? [invalid('spec.auditAnnotations', auditAnnotations, `must not have more than ${annotationsMax} auditAnnotations`)] : []),
    ...auditAnnotations.flatMap((annotation, index) => [
      ...checkAuditAnnotation(`spec.auditAnnotations[${index}]`, annotation, metadata.name, spec),
      ...(keys.indexOf(annotation.key) < index ? [duplicate(`spec.auditAnnotations[${index}].key`, annotation.key)] : []),
    ]),
  ]
}

function checkValidation(path: string, { expression = '', message = '', messageExpression = '', reason }: Validation, spec: ValidatingAdmissionPolicySpec): readonly Problem[] {
  const hasParams = spec.paramKind !== undefined
  return [
    ...(expression.trim() === '' ? [required(`${path}.expression`, 'expression is not specified')] : checkExpression(`${path}.expression`, expression, { hasParams, hasAuthorizer: true, result: 'bool', ...(spec.variables && { variables: spec.variables }) })),
    ...(messageExpression === '' ? [] : messageExpression.trim() === '' ? [invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified')]
      : checkExpression(`${path}.messageExpression`, messageExpression, { hasParams, hasAuthorizer: false, result: 'string', ...(spec.variables && { variables: spec.variables }) })),
    ...(message === '' ? [] : message.trim() === '' ? [invalid(`${path}.message`, message, 'message must be non-empty if specified')]
      : /[\n\r]/.test(message.trim()) ? [invalid(`${path}.message`, message, 'message must not contain line breaks')] : []),
    ...checkOneOf(`${path}.reason`, reason, reasons),
  ]
}

function checkAuditAnnotation(path: string, { key = '', valueExpression = '' }: AuditAnnotation, policy: string, spec: ValidatingAdmissionPolicySpec): readonly Problem[] {
  const value = valueExpression.trim()
  return [
    ...(policy === '' ? [invalid(`${path}.key`, key, 'requires metadata.name be non-empty')] : checkText(`${path}.key`, `${policy}/${key}`, checkLabelKey)),
    ...(value === '' ? [required(`${path}.valueExpression`, 'valueExpression is not specified')]
      : value.length > expressionMax ? [required(`${path}.valueExpression`, `must not exceed ${expressionMax} bytes in length`)]
        : checkExpression(`${path}.valueExpression`, value, { hasParams: spec.paramKind !== undefined, hasAuthorizer: true, result: 'text-or-null', ...(spec.variables && { variables: spec.variables }) })),
  ]
}

function checkStatus({ status }: ValidatingAdmissionPolicy): readonly Problem[] {
  return [
    ...(status.typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef = '' }, index) => {
      const path = `status.typeChecking.expressionWarnings[${index}]`
      return [...(warning ? [] : [required(`${path}.warning`)]), ...(fieldRef.trim() === '' ? [required(`${path}.fieldRef`)] : [])]
    }),
    ...checkConditions('status.conditions', status.conditions),
  ]
}

export const validatingAdmissionPolicy: Kind<ValidatingAdmissionPolicy> = {
  ...validatingAdmissionPolicies,
  singular: 'validatingadmissionpolicy', shortNames: [], categories: ['api-extensions'],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy', fill: filling(fill),
    columns: [
      nameColumn,
      number('Validations', 'Validations indicates the number of validation rules defined in this configuration', ({ spec }) => spec.validations?.length ?? 0),
      text('ParamKind', 'ParamKind specifies the kind of resources used to parameterize this policy', ({ spec }) => paramKindText(spec.paramKind)),
      ageColumn,
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  check, checkStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
