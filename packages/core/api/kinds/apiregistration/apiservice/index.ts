import type { APIServiceCondition, APIServiceStatus, APIService as APIServiceModel } from '../../../generated/types.ts'
import { timestamp } from '../../../../base/timestamp.ts'
import type { Circumstances, Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type APIService, apiServices } from '../../../resources.ts'
import { checkLabel1035, checkPathSegment, checkSubdomain } from '../../../selectors/syntax.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkText, invalid, required, unsupported } from '../../problems.ts'

const groupPriorityMax = 20_000
const versionPriorityMax = 1000

const fill = (draft: APIServiceModel): APIServiceModel =>
  withField(withParts(draft, 'spec', 'status'), 'spec', (spec) => withField(spec, 'service', (service) => withDefaults(service, { port: 443 })))

/** What the server answers itself is always there. */
const localCondition: APIServiceCondition = { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' }
export const localStatus = (now: number): APIServiceStatus => ({ conditions: [{ ...localCondition, lastTransitionTime: timestamp(now) }] })

const prepare = (next: APIService, before: APIService | undefined, { now }: Circumstances): APIService =>
  ({ ...next, status: before?.status ?? (next.spec.service === undefined ? localStatus(now) : {}) })

function check(next: APIService, before: APIService | undefined): readonly Problem[] {
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, service, caBundle = '', insecureSkipTLSVerify = false } = next.spec
  const name = `${version}.${group}`
  return [
    ...checkMetadata(next, before, { scope: 'Cluster', name: (text) => {
      const faults = checkPathSegment(text)
      return faults.length > 0 || text === name ? faults : [`must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`]
    } }),
    ...(group === '' && version !== 'v1' ? [required('spec.group', 'only v1 may have an empty group and it better be legacy kube')] : []),
    ...(group === '' ? [] : checkText('spec.group', group, checkSubdomain)),
    ...checkText('spec.version', version, checkLabel1035),
    ...(groupPriorityMinimum <= 0 || groupPriorityMinimum > groupPriorityMax ? [invalid('spec.groupPriorityMinimum', groupPriorityMinimum, 'must be positive and less than 20000')] : []),
    ...(versionPriority <= 0 || versionPriority > versionPriorityMax ? [invalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000')] : []),
    ...(service === undefined ? [
      ...(caBundle === '' ? [] : [invalid('spec.caBundle', `${bytesOf(caBundle)} bytes`, 'local APIServices may not have a caBundle')]),
      ...(insecureSkipTLSVerify ? [invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify')] : []),
    ] : [
      ...(service.namespace ? [] : [required('spec.service.namespace')]),
      ...(service.name ? [] : [required('spec.service.name')]),
      ...(insecureSkipTLSVerify && caBundle !== '' ? [invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present')] : []),
    ]),
  ]
}
/** How many bytes a base64 text stands for. */
const bytesOf = (base64: string): number => Math.floor(base64.replace(/=+$/, '').length * 3 / 4)

function availableText({ status }: APIService): string {
  const available = (status.conditions ?? []).find(({ type }) => type === 'Available')
  return available === undefined ? 'Unknown' : available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`
}

export const apiService: Kind<APIService> = {
  ...apiServices,
  singular: 'apiservice', shortNames: [], categories: ['api-extensions'],
  hasStatus: true,
  served: [{
    group: 'apiregistration.k8s.io', version: 'v1', definition: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService', fill: filling(fill),
    columns: [
      nameColumn,
      text('Service', 'The reference to the service that hosts this API endpoint.', ({ spec }) => (spec.service === undefined ? 'Local' : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`)),
      text('Available', 'Whether this service is available.', availableText),
      ageColumn,
    ],
  }],
  prepare, check,
  checkStatus: ({ status }) => (status.conditions ?? []).flatMap((condition, index) =>
    (['True', 'False', 'Unknown'].includes(condition.status) ? [] : [unsupported(`status.conditions[${index}].status`, condition.status, ['True', 'False', 'Unknown'])])),
  subresources: [{ name: 'status', is: 'status' }],
}
