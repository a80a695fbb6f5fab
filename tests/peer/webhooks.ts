// node tests/peer/webhooks.ts: the same webhooks for a stock kube-apiserver (SKIFF_PEER_APISERVER, SKIFF_PEER_TOKEN) and for our server, what these ask
// them and what they make of the answers; prints where they differ. It finds what to mend: it is no test.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Certificates } from '../../packages/host/credentials/index.ts'
import { differences, normal } from './same.ts'
import { ours, peer } from './sides.ts'

const url = process.env['SKIFF_PEER_APISERVER']
if (url === undefined) { console.error('SKIFF_PEER_APISERVER names no kube-apiserver to compare with'); process.exit(2) }
const namespace = `webhooks-${process.pid}`
const sides = [ours(), peer(url, process.env['SKIFF_PEER_TOKEN'] ?? '')] as const
const at = `/api/v1/namespaces/${namespace}`
const group = '/apis/admissionregistration.k8s.io/v1'
const merge = { 'content-type': 'application/merge-patch+json' }
const settleMs = 1500

type Fields = Readonly<Record<string, unknown>>
interface Review { readonly apiVersion: string; readonly request: Fields & { readonly uid: string } }
/** What each side asked, by path. */
const reviews: { readonly path: string; readonly review: Review; readonly headers: Fields }[] = []
let respond: (path: string, review: Review) => { readonly status?: number; readonly body?: unknown; readonly raw?: string; readonly delayMs?: number } = () => ({ body: { allowed: true } })

const folder = mkdtempSync(join(tmpdir(), 'skiff-peer-webhooks-'))
const certificates = new Certificates(folder, Date.now)
const caBundle = Buffer.from((await certificates.authority()).certificate).toString('base64')
const serving = await certificates.server({ names: ['localhost'], addresses: ['127.0.0.1'] })
const server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const path = request.url ?? ''
    const review = JSON.parse(Buffer.concat(parts).toString()) as Review
    reviews.push({ path, review, headers: request.headers as Fields })
    const { status = 200, body, raw, delayMs = 0 } = respond(path.split('?')[0] ?? '', review)
    setTimeout(() => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(raw ?? JSON.stringify({ apiVersion: review.apiVersion, kind: 'AdmissionReview', response: { uid: review.request.uid, ...(body as Fields) } }))
    }, delayMs)
  })
})
await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
const { port } = server.address() as AddressInfo

async function both(line: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<void> {
  const said: unknown[] = []
  const asked: unknown[] = []
  for (const side of sides) {
    reviews.length = 0
    const { status, body: answer, warnings } = await side.ask({ line, ...(body !== undefined && { body }), ...(headers && { headers }) })
    said.push(normal({ status, warnings, answer }))
    asked.push(normal(reviews.map(({ path, review }) => ({ path, review }))))
  }
  const ignored = /managedFields|userInfo|\.metadata\.(uid|creationTimestamp)/
  const found = [...differences(said[0], said[1]), ...differences(asked[0], asked[1], 'asked')].filter((each) => !ignored.test(each))
  if (found.length > 0) console.log(`\n${line} ${JSON.stringify(body ?? '').slice(0, 200)}\n${found.map((each) => `  ${each}`).join('\n')}`)
}

const rule = (resources: string, operations: readonly string[] = ['*'], groups: readonly string[] = ['']): object => ({ operations, apiGroups: groups, apiVersions: ['*'], resources: [resources] })
const hook = (path: string, more: object = {}): object => ({
  name: `${path.replaceAll('/', '-').slice(1)}.example.com`, clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle }, sideEffects: 'None', admissionReviewVersions: ['v1'], rules: [rule('configmaps')],
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } }, ...more,
})
async function configured(which: 'mutating' | 'validating', ...webhooks: readonly object[]): Promise<void> {
  for (const side of sides) {
    for (const each of ['mutating', 'validating']) await side.ask({ line: `DELETE ${group}/${each}webhookconfigurations/${namespace}` })
    const made = await side.ask({ line: `POST ${group}/${which}webhookconfigurations`, body: { metadata: { name: namespace }, webhooks } })
    if (made.status !== 201) console.log(side.name, JSON.stringify(made.body))
  }
  await sleep(settleMs)
}
const patch = (...steps: readonly object[]): object => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(steps)).toString('base64') })
let serial = 0
const map = (data: object = { a: 'b' }): object => ({ metadata: { name: `m${++serial}` }, data })

for (const side of sides) {
  await side.ask({ line: 'POST /api/v1/namespaces', body: { metadata: { name: namespace } } })
  await side.ask({ line: `POST ${at}/serviceaccounts`, body: { metadata: { name: 'default' } } })
}
await sleep(settleMs)

await configured('validating', hook('/check', { rules: [rule('*/*', ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], ['', 'apps', 'policy', 'autoscaling'])] }))
await both(`POST ${at}/configmaps?fieldManager=me`, { metadata: { name: 'm' }, data: { a: 'b' } })
await both(`PATCH ${at}/configmaps/m?dryRun=All&fieldValidation=Strict`, { data: { a: 'c' } }, merge)
await both(`PUT ${at}/configmaps/m`, { metadata: { name: 'm' }, data: { a: 'd' } })
await both(`PATCH ${at}/configmaps/m?fieldManager=me&force=true`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { e: 'f' } }, { 'content-type': 'application/apply-patch+yaml' })
await both(`DELETE ${at}/configmaps/m`, { gracePeriodSeconds: 3, propagationPolicy: 'Background' })
await both(`DELETE ${at}/configmaps/none`)
await both(`POST /apis/apps/v1/namespaces/${namespace}/deployments`, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } })
await both(`PATCH /apis/apps/v1/namespaces/${namespace}/deployments/d/scale`, { spec: { replicas: 3 } }, merge)
await both(`PATCH /apis/apps/v1/namespaces/${namespace}/deployments/d/status`, { status: { replicas: 3 } }, merge)
await both(`POST ${at}/pods`, { metadata: { name: 'p' }, spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] } })
await both(`POST ${at}/pods/p/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { name: 'n' } })
await both(`POST ${at}/pods/p/eviction?dryRun=All`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } })
await both(`POST ${at}/serviceaccounts/default/token?dryRun=All`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['a'], expirationSeconds: 600 } })
await both(`DELETE ${at}/pods/p?gracePeriodSeconds=0`)

await configured('validating', hook('/deny'))
for (const status of [{ message: 'it is bad', code: 403, reason: 'Forbidden' }, { reason: 'because' }, { code: 200, message: 'm' }, { code: 422, message: 'm', reason: 'Invalid', details: { causes: [{ reason: 'FieldValueInvalid', message: 'x', field: 'f' }] } }, undefined, {}, { code: 799, message: 'm' }]) {
  respond = () => ({ body: { allowed: false, ...(status && { status }), warnings: ['w'], auditAnnotations: { a: 'b' } } })
  await both(`POST ${at}/configmaps`, map())
}
for (const answer of [
  { status: 500, raw: 'broken' }, { status: 404, raw: '' }, { status: 302, raw: '' }, { status: 403, raw: 'no' }, { status: 503, raw: '' }, { raw: '<html>' }, { raw: '{}' }, { raw: '' }, { raw: '{"kind":"Pod","apiVersion":"v1"}' }, { raw: '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}' },
  { raw: '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","response":{"allowed":true}}' }, { body: { uid: 'x', allowed: true } }, { body: { allowed: true, patch: 'W10=', patchType: 'JSONPatch' } }, { body: { allowed: true, patchType: 'JSONPatch' } }, { body: { allowed: 'yes' } }, { body: { allowed: true }, delayMs: 3000 },
]) {
  respond = () => answer
  if (answer.delayMs !== undefined) await configured('validating', hook('/slow', { timeoutSeconds: 1 }))
  await both(`POST ${at}/configmaps`, map())
}
respond = () => ({ body: { allowed: true } })
for (const clientConfig of [{ url: 'https://127.0.0.1:9/x?y=z', caBundle }, { url: `https://127.0.0.1:${port}` }, { url: `https://localhost:${port}/a/b`, caBundle }, { url: 'https://nowhere.invalid/', caBundle }, { service: { namespace, name: 'none' }, caBundle }, { service: { namespace, name: 'none', path: '/p', port: 8443 } }]) {
  await configured('validating', hook('/place', { clientConfig }))
  await both(`POST ${at}/configmaps`, map())
}

await configured('mutating', hook('/first', { reinvocationPolicy: 'IfNeeded' }), hook('/second'), hook('/third', { reinvocationPolicy: 'IfNeeded' }))
for (const answers of [
  { '/second': patch({ op: 'add', path: '/data/second', value: 'x' }) }, { '/first': patch({ op: 'add', path: '/data/first', value: 'x' }), '/third': patch({ op: 'replace', path: '/data', value: { third: 'x' } }) },
  { '/first': patch({ op: 'remove', path: '/data/none' }) }, { '/first': patch({ op: 'add', path: '/data/x/y', value: 1 }) }, { '/first': patch({ op: 'add', path: '/data/x', value: 1 }) }, { '/first': patch({ op: 'add', path: '/unknown', value: 1 }) },
  { '/first': patch({ op: 'test', path: '/data/a', value: 'z' }) }, { '/first': patch({ op: 'replace', path: '/metadata/name', value: 'other' }) }, { '/first': patch({ op: 'replace', path: '/metadata/namespace', value: 'other' }) }, { '/first': { allowed: true, patch: 'W10=' } },
  { '/first': { allowed: true, patch: 'W10=', patchType: 'MergePatch' } }, { '/first': { allowed: true, patch: 'e30=', patchType: 'JSONPatch' } }, { '/first': { allowed: true, patch: '!!', patchType: 'JSONPatch' } }, { '/first': { allowed: true, patchType: 'JSONPatch' } }, { '/first': { allowed: true, warnings: ['one', 'two'] }, '/second': { allowed: true, warnings: ['three'] } },
] as readonly Readonly<Record<string, object>>[]) {
  respond = (path) => ({ body: answers[path] ?? { allowed: true } })
  await both(`POST ${at}/configmaps`, map())
}
respond = () => ({ body: patch({ op: 'add', path: '/metadata/labels', value: { x: 'y' } }) })
await both(`DELETE ${at}/configmaps/m1`)

await configured('mutating', hook('/inject', { rules: [rule('pods', ['CREATE'])] }))
respond = () => ({ body: patch({ op: 'add', path: '/spec/initContainers', value: [{ name: 'setup', image: 'i' }] }) })
await both(`POST ${at}/pods`, { metadata: { name: 'injected' }, spec: { containers: [{ name: 'c', image: 'i' }] } })
await both(`DELETE ${at}/pods/injected?gracePeriodSeconds=0`)

for (const [failurePolicy, expression] of [['Fail', 'object.nothing == "x"'], ['Ignore', 'object.nothing == "x"'], ['Fail', 'object.metadata.name.startsWith("m")'], ['Fail', 'request.operation == "DELETE"'], ['Fail', 'oldObject == null && request.dryRun == false && request.userInfo.username != ""'], ['Fail', 'authorizer.group("").resource("pods").check("get").allowed()']] as const) {
  await configured('validating', hook('/conditions', { failurePolicy, matchConditions: [{ name: 'a', expression }] }))
  respond = () => ({ body: { allowed: true } })
  await both(`POST ${at}/configmaps`, map())
}

for (const side of sides) for (const each of ['mutating', 'validating']) await side.ask({ line: `DELETE ${group}/${each}webhookconfigurations/${namespace}` })
await sides[1].ask({ line: `DELETE ${at}` })
await sides[1].ask({ line: `PUT ${at}/finalize`, body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace }, spec: { finalizers: [] } } })
server.closeAllConnections()
server.close()
rmSync(folder, { recursive: true })
process.exit(0)
