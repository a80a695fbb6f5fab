// Versions of a kind that a webhook converts, over HTTPS, by stock kubectls.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Certificates } from '../../packages/host/credentials/index.ts'
import { withEveryKubectl } from './kubectl.ts'

type Json = Readonly<Record<string, unknown>>
const group = 'doors.example.com'

/** A conversion webhook on a free port of the loopback. */
async function converter(folder: string): Promise<{ readonly worker: Worker; readonly url: string; readonly caBundle: string }> {
  const certificates = new Certificates(folder, Date.now)
  const { certificate } = await certificates.authority()
  const serving = await certificates.server({ names: ['localhost'], addresses: ['127.0.0.1'] })
  const worker = new Worker(new URL('converter.ts', import.meta.url), { workerData: { certificate: serving.certificate, key: serving.key } })
  const [port] = await once(worker, 'message') as readonly unknown[]
  return { worker, url: `https://127.0.0.1:${String(port)}/convert`, caBundle: Buffer.from(certificate).toString('base64') }
}

function definition(url: string, caBundle: string): string {
  const text = { type: 'string' }
  const version = (name: string, storage: boolean, properties: Json): Json => ({
    name, served: true, storage, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } }, selectableFields: [{ jsonPath: `.spec.${Object.keys(properties)[0]}` }],
  })
  return JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `doors.${group}` },
    spec: {
      group, scope: 'Namespaced', names: { plural: 'doors', kind: 'Door' }, versions: [version('v1', true, { hostPort: text }), version('v2', false, { host: text, port: text })],
      conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url, caBundle } } },
    },
  })
}
const door = (version: string, name: string, spec: Json): string => JSON.stringify({ apiVersion: `${group}/${version}`, kind: 'Door', metadata: { name }, spec })

withEveryKubectl('converting', (shell) => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-converting-'))
  let hook: Awaited<ReturnType<typeof converter>> | undefined
  before(async () => { hook = await converter(folder) })
  after(async () => { await hook?.worker.terminate(); rmSync(folder, { recursive: true }) })

  test('objects of one version are read, listed, selected and written in another', () => {
    const { story } = shell()
    const spec = '-o jsonpath={.spec}'
    story([
      ['apply -f -', `customresourcedefinition.apiextensions.k8s.io/doors.${group} created`, definition(hook?.url ?? '', hook?.caBundle ?? '')],
      [`wait --for=condition=established --timeout=10s crd/doors.${group}`, /condition met/],
      ['create -f -', `door.${group}/front created`, door('v1', 'front', { hostPort: 'a:1' })],
      ['create -f -', `door.${group}/back created`, door('v2', 'back', { host: 'b', port: '2' })],
      [`get doors.v2.${group} front ${spec}`, /^\{"host":"a","port":"1"\}$/],
      [`get doors.v1.${group} back ${spec}`, /^\{"hostPort":"b:2"\}$/],
      [`get doors.v2.${group} -o jsonpath={.items[*].spec.host}`, /^b a$/],
      [`get doors.v2.${group} --field-selector=spec.host=a -o name`, `door.${group}/front`],
      [`get doors.v1.${group} --field-selector=spec.hostPort=b:2 -o name`, `door.${group}/back`],
      [`patch doors.v2.${group} front --type=merge -p '{"spec":{"port":"9"}}'`, `door.${group}/front patched`],
      [`get doors.v1.${group} front ${spec}`, /^\{"hostPort":"a:9"\}$/],
      [`wait --for=delete --timeout=1s doors.v2.${group}/absent`, /^(Error from server \(NotFound\).*|error: no matching resources found\n)?$/s],
      [`delete crd doors.${group}`, /deleted/],
    ])
  })
})
