// What upstream shows with kubectl on running pods.
import assert from 'node:assert/strict'
import { list, text, until } from '../api.ts'
import type { Story, World } from '../story.ts'

async function kubectl(world: World, words: readonly string[], input?: unknown): Promise<string> {
  assert.ok(world.kubectl)
  return (await world.kubectl.run(['-n', world.namespace, ...words], { ...(input !== undefined && { input: JSON.stringify(input) }) })).out
}
const aController = { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'boat', labels: { app: 'boat', role: 'ferry' } }, spec: {
  replicas: 1, selector: { app: 'boat', role: 'ferry' },
  template: { metadata: { labels: { app: 'boat', role: 'ferry' } }, spec: { containers: [{ name: 'boat', image: 'boat:1', ports: [{ name: 'deck', containerPort: 6379 }] }] } },
} }
const aService = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'boat', labels: { app: 'boat', role: 'ferry' } }, spec: { ports: [{ port: 6379, targetPort: 'deck' }], selector: { app: 'boat', role: 'ferry' } } }
/** The one pod of the controller, once it is ready. */
async function boat(world: World): Promise<string> {
  await kubectl(world, ['create', '-f', '-'], aController)
  await until(world.api, 'its pod is ready', async () => (await kubectl(world, ['get', 'rc', 'boat', '-o', 'jsonpath={.status.readyReplicas}'])) === '1')
  return (await kubectl(world, ['get', 'pods', '-l', 'app=boat', '-o', 'jsonpath={.items[0].metadata.name}'])).trim()
}
/** That a text has these fields of `kubectl describe`, in this order. */
function tells(said: string, fields: readonly (readonly [field: string, value: string])[]): void {
  let from = 0
  for (const [field, value] of fields) {
    const found = new RegExp(`^ *${field} +.*${value}`, 'm').exec(said.slice(from))
    assert.ok(found, `${field} ${value} in ${said}`)
    from += found.index + field.length
  }
}
const run = (world: World, image: string): Promise<string> => kubectl(world, ['run', 'one', `--image=${image}`, '--labels=run=one', '--restart=Never', '--', 'sleep', '600'])
const imageOf = async (world: World): Promise<string> => text(list(await world.get(world.path('v1', 'pods', 'one')), 'spec', 'containers')[0], 'image')

export const kubectlPodStories: readonly Story[] = ([
  {
    row: '[sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods [Conformance]',
    tell: async (world) => {
      await kubectl(world, ['create', '-f', '-'], aService)
      const pod = await boat(world)
      tells(await kubectl(world, ['describe', 'pod', pod]), [
        ['Name:', 'boat-'], ['Namespace:', world.namespace], ['Node:', ''], ['Labels:', 'app=boat'], ['', 'role=ferry'], ['Status:', 'Running'], ['IP:', ''], ['Controlled By:', 'ReplicationController/boat'], ['Image:', 'boat:1'], ['State:', 'Running'], ['QoS Class:', 'BestEffort'],
      ])
      tells(await kubectl(world, ['describe', 'rc', 'boat']), [
        ['Name:', 'boat'], ['Namespace:', world.namespace], ['Selector:', 'app=boat,role=ferry'], ['Labels:', 'app=boat'], ['', 'role=ferry'], ['Annotations:', ''], ['Replicas:', '1 current'], ['Pods Status:', '1 Running'], ['Image:', 'boat:1'], ['Normal', 'SuccessfulCreate'],
      ])
      tells(await kubectl(world, ['describe', 'service', 'boat']), [
        ['Name:', 'boat'], ['Namespace:', world.namespace], ['Labels:', 'app=boat'], ['', 'role=ferry'], ['Annotations:', ''], ['Selector:', 'app=boat,role=ferry'], ['Type:', 'ClusterIP'], ['IP:', ''], ['Port:', '<unset> +6379/TCP'], ['Endpoints:', ':6379'], ['Session Affinity:', 'None'],
      ])
      const node = (await kubectl(world, ['get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}'])).trim()
      const described = await kubectl(world, ['describe', 'node', node])
      tells(described, [['Name:', node], ['Labels:', ''], ['Annotations:', ''], ['CreationTimestamp:', ''], ['MemoryPressure', 'False'], ['Hostname:', node]])
      for (const heading of ['Conditions:', 'Addresses:', 'Capacity:', 'System Info:', 'Allocated resources:']) assert.ok(described.includes(`\n${heading}`), heading)
      tells(await kubectl(world, ['describe', 'namespace', world.namespace]), [['Name:', world.namespace], ['Labels:', ''], ['Annotations:', ''], ['Status:', 'Active']])
    },
  },
  {
    row: '[sig-cli] Kubectl client Kubectl label should update the label on a resource [Conformance]',
    tell: async (world) => {
      await run(world, 'main:1')
      assert.match(await kubectl(world, ['label', 'pods', 'one', 'testing=value']), /^pod\/one labeled\n$/)
      assert.match(await kubectl(world, ['get', 'pod', 'one', '-L', 'testing']), /TESTING\n.* value\n$/)
      await kubectl(world, ['label', 'pods', 'one', 'testing-'])
      assert.doesNotMatch(await kubectl(world, ['get', 'pod', 'one', '-L', 'testing']), /value/)
    },
  },
  {
    row: '[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc [Conformance]',
    tell: async (world) => {
      const pod = await boat(world)
      assert.match(await kubectl(world, ['patch', 'pod', pod, '-p', '{"metadata":{"annotations":{"x":"y"}}}']), /^pod\/boat-\S+ patched\n$/)
      assert.equal(await kubectl(world, ['get', 'pods', '-l', 'app=boat', '-o', 'jsonpath={.items[*].metadata.annotations.x}']), 'y')
    },
  },
  {
    row: '[sig-cli] Kubectl client Kubectl replace should update a single-container pod\'s image [Conformance]',
    tell: async (world) => {
      await run(world, 'httpd:2')
      await kubectl(world, ['wait', '--for=condition=Ready', 'pod/one', '--timeout=30s'])
      const pod = await kubectl(world, ['get', 'pod', 'one', '-o', 'json'])
      assert.match(await kubectl(world, ['replace', '-f', '-'], JSON.parse(pod.replaceAll('"httpd:2"', '"busybox:1"'))), /^pod\/one replaced\n$/)
      assert.equal(await imageOf(world), 'busybox:1')
    },
  },
  {
    row: '[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never [Conformance]',
    tell: async (world) => {
      assert.equal(await kubectl(world, ['run', 'one', '--restart=Never', '--pod-running-timeout=2m0s', '--image=httpd:2']), 'pod/one created\n')
      const pod = await world.get(world.path('v1', 'pods', 'one'))
      assert.deepEqual([list(pod, 'spec', 'containers').map(({ image }) => image), text(pod, 'spec', 'restartPolicy')], [['httpd:2'], 'Never'])
    },
  },
  {
    row: '[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods [Conformance]',
    tell: async (world) => {
      await run(world, 'httpd:2')
      assert.match(await kubectl(world, ['patch', 'pod', 'one', '-p', '{"spec":{"containers":[{"name":"one","image":"busybox:1"}]}}', '--dry-run=server']), /^pod\/one patched/)
      assert.equal(await imageOf(world), 'httpd:2')
      assert.equal(await kubectl(world, ['delete', 'pod', 'one', '--dry-run=server', '--wait=false']), 'pod "one" deleted (server dry run)\n')
      assert.equal(await imageOf(world), 'httpd:2')
    },
  },
] satisfies readonly Story[]).map((story) => ({ ...story, kubectl: true }))
