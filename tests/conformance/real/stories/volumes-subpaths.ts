// Parts of volumes: by a fixed path, and by one that is made of the container's environment.
import assert from 'node:assert/strict'
import { at, list } from '../../api.ts'
import { becomes } from '../../workloads.ts'
import { aPod, type RealStory, type RealWorld, shell, waiting } from '../world.ts'

interface Source { readonly says: string; readonly volume: object; readonly file: string; readonly holds: string; readonly over?: string }
const sources: readonly Source[] = [
  { says: 'secret pod', volume: { secret: { secretName: 'given' } }, file: 'secret-key', holds: 'secret-value' },
  { says: 'configmap pod', volume: { configMap: { name: 'given' } }, file: 'configmap-key', holds: 'configmap-value' },
  { says: 'configmap pod with mountPath of existing file', volume: { configMap: { name: 'given' } }, file: 'configmap-key', holds: 'configmap-value', over: '/etc/resolv.conf' },
  { says: 'downward pod', volume: { downwardAPI: { items: [{ path: 'downward/podname', fieldRef: { fieldPath: 'metadata.name' } }] } }, file: 'downward/podname', holds: 'reader' },
  { says: 'projected pod', volume: { projected: { sources: [{ configMap: { name: 'given', items: [{ key: 'configmap-key', path: 'projected-configmap-key' }] } }] } }, file: 'projected-configmap-key', holds: 'configmap-value' },
]

const expression = (name: string, subPathExpr: string): object => ({ env: [{ name: 'POD_NAME', value: name }], volumeMounts: [{ name: 'work', mountPath: '/part', subPathExpr }, { name: 'work', mountPath: '/whole' }] })
const ofAnnotation = {
  env: [{ name: 'POD_NAME', value: 'foo' }, { name: 'ANNOTATION', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['mysubpath']" } } }],
  volumeMounts: [{ name: 'work', mountPath: '/part', subPathExpr: '$(ANNOTATION)/$(POD_NAME)' }, { name: 'work', mountPath: '/whole' }],
}
const work = { volumes: [{ name: 'work', emptyDir: {} }] }

/** A pod whose expression makes no good path does not start, and says why. */
const refused = (expected: string, name: string, subPathExpr: string): RealStory['tell'] => async (world) => {
  await world.create(world.pod(), aPod('expanding', [shell('true', expression(name, subPathExpr))], work))
  const pod = await becomes(world, world.pod('expanding'), 'waits', (seen) => at(list(seen, 'status', 'containerStatuses')[0], 'state', 'waiting', 'reason') === 'CreateContainerConfigError')
  assert.equal(at(list(pod, 'status', 'containerStatuses')[0], 'state', 'waiting', 'message'), expected)
  assert.equal(at(pod, 'status', 'phase'), 'Pending')
}

/** A pod whose expression needs an annotation that is not there: it starts as soon as the annotation is. */
async function mended(world: RealWorld): Promise<void> {
  await world.create(world.pod(), aPod('expanding', [waiting(ofAnnotation)], work, { annotations: { notmysubpath: 'mypath' } }))
  await becomes(world, world.pod('expanding'), 'waits', (seen) => at(list(seen, 'status', 'containerStatuses')[0], 'state', 'waiting', 'reason') === 'CreateContainerConfigError')
  await world.merge(world.pod('expanding'), { metadata: { annotations: { mysubpath: 'mypath' } } })
  await world.ready('expanding')
  assert.equal(await world.sh('expanding', 'echo here > /part/file; cat /whole/mypath/foo/file'), 'here\n')
}

export const volumesSubpaths: readonly RealStory[] = [
  ...sources.map(({ says, volume, file, holds, over }): RealStory => ({
    row: `[sig-storage] Subpath Atomic writer volumes should support subpaths with ${says} [Conformance]`,
    tell: async (world) => {
      await world.create(world.path('v1', 'configmaps'), { metadata: { name: 'given' }, data: { 'configmap-key': 'configmap-value' } })
      await world.create(world.path('v1', 'secrets'), { metadata: { name: 'given' }, stringData: { 'secret-key': 'secret-value' } })
      const path = over ?? '/part'
      const script = `for i in 1 2 3 4 5; do [ "$(cat ${path})" = ${holds} ] || exit 1; sleep 0.1; done; cat ${path}`
      const log = await world.says(aPod('reader', [shell(script, { volumeMounts: [{ name: 'files', mountPath: path, subPath: file }] })], { volumes: [{ name: 'files', ...volume }] }))
      assert.equal(log, holds)
    },
  })),
  {
    row: '[sig-node] Variable Expansion should allow substituting values in a volume subpath [Conformance]',
    tell: async (world) => {
      const script = 'test -d /whole/foo && echo part > /part/file && cat /whole/foo/file'
      assert.equal(await world.says(aPod('expanding', [shell(script, expression('foo', '$(POD_NAME)'))], work)), 'part\n')
    },
  },
  { row: '[sig-node] Variable Expansion should fail substituting values in a volume subpath with backticks [Conformance]', tell: refused("unable to provision SubPath `..`: must not contain '..'", '..', '$(POD_NAME)') },
  { row: '[sig-node] Variable Expansion should fail substituting values in a volume subpath with absolute path [Conformance]', tell: refused('error SubPath `/tmp` must not be an absolute path', '/tmp', '$(POD_NAME)') },
  {
    row: '[sig-node] Variable Expansion should succeed in writing subpaths in container [Conformance]',
    tell: async (world) => {
      await world.runs(aPod('expanding', [waiting(ofAnnotation)], work, { annotations: { mysubpath: 'mypath' } }))
      await world.sh('expanding', 'touch /whole/mypath/foo/test.log; test -f /part/test.log')
      // What the path was made of may change: the container keeps what it has.
      await world.merge(world.pod('expanding'), { metadata: { annotations: { mysubpath: 'mynewpath' } } })
      await world.sh('expanding', 'test -f /part/test.log; test ! -e /whole/mynewpath')
    },
  },
  { row: '[sig-node] Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a container [Conformance] [Slow]', tell: mended },
]
