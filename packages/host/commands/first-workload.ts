import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deployments } from '@kubeskiff/core/api'
import { type Cluster, manifestsOf, pathOf } from '@kubeskiff/core/cluster'
import { type ControlPlane, hasReal } from '../daemon/control-plane.ts'
import type { DataDirectory } from '../daemon/directory.ts'
import { commandName } from './name.ts'

/** What the example runs on. */
export const helloImage = 'localhost/skiff/busybox:1'
const waitMs = 60_000

/** Applies manifest files as an administrator; a line for each object. Throws, naming file and object, at the first refusal. */
export async function applyFiles(cluster: Cluster, files: readonly string[]): Promise<readonly string[]> {
  return files.flatMap((file) => manifestsOf(readFileSync(file, 'utf8')).map((manifest) => {
    const reply = cluster.server.handler.step({
      method: 'PATCH', path: pathOf(cluster.server.registry, manifest), query: 'fieldManager=skiff-up&force=true', body: new TextEncoder().encode(JSON.stringify(manifest)),
      headers: { 'content-type': 'application/apply-patch+yaml', accept: 'application/json', 'user-agent': 'skiff' }, certificate: { commonName: 'skiff-admin', organizations: ['system:masters'] },
    }, new Map())
    const name = `${manifest.kind.toLowerCase()}/${manifest.metadata.name ?? ''}`
    if (reply.is !== 'bytes') throw new Error(`${file}: ${name} cannot be applied`)
    if (reply.status >= 300) throw new Error(`${file}: ${name}: ${(JSON.parse(Buffer.concat(reply.body).toString()) as { readonly message?: string }).message ?? reply.status}`)
    return `${name} ${reply.status === 201 ? 'created' : 'configured'}`
  }))
}

/** The first start of a cluster: runs the example on an image built from a Debian package, and says what to try next. */
export async function welcome(plane: ControlPlane, directory: DataDirectory, say: (line: string) => void): Promise<void> {
  if (hasReal(plane.settings())) {
    const { buildImage, openImageStore } = await import('../images/index.ts')
    const store = openImageStore(join(directory.agent, 'images'))
    if (store.find(helloImage) === undefined) {
      say(`building ${helloImage} from the Debian package busybox-static`)
      await buildImage({ reference: helloImage, base: 'busybox' }, store, { cacheDirectory: join(directory.agent, 'packages'), say: (line) => { say(`  ${line}`) } })
    }
  }
  const example = exampleFile('hello.yaml')
  for (const line of await applyFiles(plane.cluster, [example])) say(line)
  await helloAvailable(plane.cluster)
  const ready = plane.cluster.store.view.get(deployments, 'default', 'hello')?.status.readyReplicas ?? 0
  const real = hasReal(plane.settings())
  say(`hello: ${ready} of 3 pods are ready, ${real ? 'in real containers' : 'simulated'}

Try next:
  export KUBECONFIG=${directory.kubeconfig}
  kubectl get pods -o wide${real ? `
  kubectl logs deployment/hello
  kubectl exec -it deployment/hello -- sh` : ''}
  kubectl scale deployment/hello --replicas=5
  kubectl apply -f ${join(example, '..', 'workloads')}
  ${commandName} status
`)
}

function helloAvailable(cluster: Cluster): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => { if ((cluster.store.view.get(deployments, 'default', 'hello')?.status.readyReplicas ?? 0) >= 3) end() }
    const end = (): void => { quiet(); clearTimeout(timer); resolve() }
    const timer = setTimeout(end, waitMs)
    const quiet = cluster.store.onCommit(look)
    look()
  })
}

/** Examples stand in the repository beside the packages, and in the published package beside the bundle. */
function exampleFile(name: string): string {
  const file = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../../examples' : '../examples', name)
  if (!existsSync(file)) throw new Error(`expected the example ${file}, which is not there: install kubeskiff again`)
  return file
}
