import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCluster, aPod, containersText } from './test-cluster.ts'

const restartAll = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }]
const imagePullPolicy = 'IfNotPresent'
const gang = (annotations: Readonly<Record<string, string>>) => aPod({
  annotations: { 'skiff.dev/exit-code.trigger': '42', ...annotations },
  spec: {
    restartPolicy: 'Never', initContainers: [{ name: 'prepare', image: 'web:1', imagePullPolicy, command: ['true'] }, { name: 'proxy', image: 'web:1', imagePullPolicy, restartPolicy: 'Always' }],
    containers: [
      { name: 'web', image: 'web:1', imagePullPolicy, command: ['sleep', 'infinity'], lifecycle: { preStop: { sleep: { seconds: 20 } } } },
      { name: 'trigger', image: 'web:1', imagePullPolicy, restartPolicy: 'Never', restartPolicyRules: restartAll },
    ],
  },
})

test('a container that ends as its rule says has all containers of the pod begin anew, the init containers first', () => {
  const cluster = aCluster()
  cluster.put(gang({ 'skiff.dev/run-for.trigger': '30s,forever', 'skiff.dev/run-for.web': 'forever', 'skiff.dev/stop-delay.web': '1s' }))
  const condition = (): string | undefined => cluster.pod()?.status.conditions?.find(({ type }) => type === 'AllContainersRestarting')?.status
  cluster.pass(20_000)
  assert.deepEqual([containersText(cluster.pod()), condition()], ['prepare Completed:0 ready 0, proxy running ready 0, web running ready 0, trigger running ready 0', 'False'])
  const started = (): readonly string[] => cluster.actions.flatMap((action) => (action.do === 'record' && action.reason === 'Started' ? [action.fieldPath?.replace(/.*\{|\}/g, '') ?? ''] : []))
  assert.deepEqual(started(), ['prepare', 'proxy', 'web', 'trigger'])
  cluster.pass(30_000)
  assert.deepEqual([containersText(cluster.pod()), condition(), cluster.pod()?.status.phase], ['prepare Completed:0 ready 1, proxy running ready 1, web running ready 1, trigger running ready 1', 'False', 'Running'])
  assert.deepEqual(started().slice(4), ['prepare', 'proxy', 'web', 'trigger'])
  const told = cluster.actions.some((action) => action.do === 'replace' && JSON.stringify(action.object).includes('"type":"AllContainersRestarting","status":"True"'))
  assert.ok(told, 'the status said so meanwhile')
})

test('who ends so again and again waits longer and longer, and another exit code ends the pod', () => {
  const cluster = aCluster()
  cluster.put(gang({ 'skiff.dev/run-for.trigger': '1s', 'skiff.dev/exit-code.trigger': '42,42,42,7', 'skiff.dev/run-for.web': 'forever' }))
  cluster.pass(9_000)
  assert.match(containersText(cluster.pod()), /trigger Error:42 1$/)
  cluster.pass(15_000)
  assert.match(containersText(cluster.pod()), /web Error:1\d\d 2, trigger Error:42 2$/)
  cluster.pass(40_000)
  assert.match(containersText(cluster.pod()), /^prepare Completed:0 ready 3, proxy running ready 3, web running ready 3, trigger Error:7 3$/)
})
