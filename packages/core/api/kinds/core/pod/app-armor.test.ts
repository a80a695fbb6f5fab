import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppArmorProfile, PodSpec } from '../../../generated/types.ts'
import type { Pod } from '../../../resources.ts'
import { problemText } from '../../problems.ts'
import { checkTemplate } from './template.ts'
import { checkAnnotatedProfiles, warningsOfProfiles, withAnnotatedProfiles } from './app-armor.ts'

const prefix = 'container.apparmor.security.beta.kubernetes.io/'
const asking = (own?: AppArmorProfile, more: Partial<PodSpec> = {}): PodSpec => ({ initContainers: [{ name: 'first', image: 'a' }], containers: [{ name: 'main', image: 'a', ...(own !== undefined && { securityContext: { privileged: false, appArmorProfile: own } }) }], ...more })
const marks = (more: Readonly<Record<string, string>>): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(more).map(([name, value]) => [`${prefix}${name}`, value]))
const web: AppArmorProfile = { type: 'Localhost', localhostProfile: 'web' }

test('the profiles that a new pod\'s annotations name become fields where there are none', () => {
  const filled = (spec: PodSpec, annotations?: Readonly<Record<string, string>>): unknown => {
    const made = withAnnotatedProfiles(spec, annotations)
    return made === spec ? 'same' : [...made.initContainers ?? [], ...made.containers].map(({ securityContext }) => securityContext?.appArmorProfile)
  }
  assert.deepEqual(filled(asking(), marks({ main: 'localhost/web', first: 'runtime/default' })), [{ type: 'RuntimeDefault' }, web])
  assert.deepEqual(filled(asking(web), marks({ main: 'localhost/other', first: 'unconfined' })), [{ type: 'Unconfined' }, web])
  // Nothing that could be a field, and nothing that the pod's own field says already.
  assert.deepEqual(filled(asking(undefined, { securityContext: { appArmorProfile: web } }), marks({ main: 'localhost/web', first: 'localhost/ padded' })), [undefined, undefined])
  for (const [spec, annotations] of [[asking(), undefined], [asking(), { other: 'x' }], [asking(undefined, { os: { name: 'windows' } }), marks({ main: 'unconfined' })]] as const) assert.equal(filled(spec, annotations), 'same')
})

const problems = (spec: PodSpec, annotations: Readonly<Record<string, string>>, before?: Readonly<Record<string, string>>): readonly string[] => {
  const pod = (own: Readonly<Record<string, string>>): Pod => ({ metadata: { name: 'web', annotations: own }, spec }) as unknown as Pod
  return checkAnnotatedProfiles(pod(annotations), before === undefined ? undefined : pod(before)).map(problemText)
}
test('annotations of profiles name containers and forms of profiles, agree with the fields, and never change', () => {
  assert.deepEqual(problems(asking(), marks({ main: 'localhost/web', first: '' })), [])
  assert.deepEqual(problems(asking(), marks({ none: 'runtime/default', main: 'runtime/other' })), [
    `metadata.annotations[${prefix}none]: Invalid value: "none": container not found`, `metadata.annotations[${prefix}main]: Invalid value: "runtime/other": invalid AppArmor profile name: "runtime/other"`,
  ])
  const at = 'spec.containers[0].securityContext.appArmorProfile'
  assert.deepEqual(problems(asking(web), marks({ main: 'unconfined' })), [`${at}.type: Forbidden: apparmor type in annotation and field must match`])
  assert.deepEqual(problems(asking(web), marks({ main: 'localhost/other' })), [`${at}.localhostProfile: Forbidden: apparmor profile in annotation and field must match`])
  assert.deepEqual(problems(asking(), marks({ first: 'unconfined' }), marks({ main: 'unconfined' })), [
    `metadata.annotations[${prefix}main]: Forbidden: may not remove or update AppArmor annotations`, `metadata.annotations[${prefix}first]: Forbidden: may not add AppArmor annotations`,
  ])
  assert.deepEqual(problems(asking(), { ...marks({ main: 'unconfined' }), other: 'x' }, marks({ main: 'unconfined' })), [])
})

test('those of templates are checked as those of pods', () => {
  const { containers } = asking(web)
  const spec: PodSpec = { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', containers: containers.map((container) => ({ ...container, imagePullPolicy: 'Always', terminationMessagePolicy: 'File' })) }
  const told = (annotations: Readonly<Record<string, string>>): readonly string[] => checkTemplate({ metadata: { annotations }, spec }, 'spec.template').map(problemText)
  assert.deepEqual(told(marks({ main: 'localhost/web' })), [])
  assert.deepEqual(told(marks({ none: 'unconfined', main: 'runtime/default' })), [
    `spec.template.annotations[${prefix}none]: Invalid value: "none": container not found`,
    'spec.template.spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match',
  ])
})

test('who writes such an annotation is told of the field', () => {
  assert.deepEqual(warningsOfProfiles(marks({ main: 'unconfined', none: 'unconfined' }), asking(), 'metadata.annotations'), [`metadata.annotations[${prefix}main]: deprecated since v1.30; use the "appArmorProfile" field instead`])
  assert.deepEqual(warningsOfProfiles(undefined, asking(), 'metadata.annotations'), [])
})
