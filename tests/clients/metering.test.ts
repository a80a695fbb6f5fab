// What simulated pods use, seen and acted upon by stock clients: kubectl top, and an autoscaler that is described.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { stockKubectl } from '../e2e/playground.ts'
import { TestCluster } from './cluster.ts'

const program = stockKubectl() ?? ''
const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {skiff.dev/shared-cpu: 300m, skiff.dev/memory: 32Mi}}
    spec: {containers: [{name: c, image: "web:1", resources: {requests: {cpu: 200m}}}]}
`

describe('what pods use, by kubectl', { skip: program === '' ? 'no kubectl on PATH, and SKIFF_TEST_KUBECTL names none' : false }, () => {
  let cluster: TestCluster
  before(async () => { cluster = await TestCluster.start(['--simulate', '1', '--clock', 'virtual']) })
  after(async () => { await cluster.stop() })
  const kubectl = (line: string, input?: string): string => { const { out, err, code } = cluster.kubectl(program, line.split(' '), input === undefined ? {} : { input }); assert.equal(code, 0, err); return out.replaceAll(/ +\n/g, '\n') }
  const advance = (duration: string): void => { assert.equal(cluster.skiff(['time', 'advance', duration, '--data-dir', cluster.dataDir]).code, 0) }

  test('kubectl top shows nodes, pods and containers', () => {
    kubectl('apply -f -', web)
    advance('20s')
    assert.match(kubectl('top pods'), /^NAME +CPU\(cores\) +MEMORY\(bytes\)\nweb-\S+ +300m +32Mi\n$/)
    assert.match(kubectl('top pods --containers'), /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\)\nweb-\S+ +c +300m +32Mi\n$/)
    assert.match(kubectl('top nodes'), /^NAME +CPU\(cores\) +CPU\S* +MEMORY\(bytes\) +MEMORY\S*\n\S+ +300m +\d+% +32Mi +\d+%\n$/)
  })

  test('kubectl finds the API, explains it and lists what it measures', () => {
    assert.match(kubectl('get apiservices v1beta1.metrics.k8s.io'), /\nv1beta1.metrics.k8s.io +Local +True /)
    assert.match(kubectl('api-resources --api-group=metrics.k8s.io --no-headers'), /^nodes +metrics.k8s.io\/v1 +false +NodeMetrics\npods +metrics.k8s.io\/v1 +true +PodMetrics\n$/)
    assert.match(kubectl('explain podmetrics'), /PodMetrics is what one pod used[^]*containers\s+<\[\](Object|ContainerMetrics)> -required-/)
    assert.match(kubectl('explain nodemetrics.usage --api-version=metrics.k8s.io/v1beta1'), /What was used/)
    assert.match(kubectl('get podmetrics -l app=web --no-headers'), /^web-\S+ +300m +32768Ki +15s\n$/)
    assert.equal(kubectl('get podmetrics -l app=other -o name'), '')
    assert.match(kubectl('get nodemetrics -o jsonpath={.items[0].usage}'), /^\{"cpu":"300m","memory":"32768Ki"\}$/)
  })

  test('kubectl autoscale sizes by it, and describe says why', () => {
    kubectl('autoscale deployment web --min=1 --max=5 --cpu-percent=50')
    advance('2m')
    assert.match(kubectl('get hpa web'), /\nweb +Deployment\/web +cpu: 50%\/50% +1 +5 +3 /)
    const described = kubectl('describe hpa web')
    for (const line of [/\(as a percentage of request\): +50% \(100m\) \/ 50%/, /Deployment pods: +3 current \/ 3 desired/, /ScalingActive +True +ValidMetricFound +the HPA was able to successfully calculate a replica count from cpu resource utilization/, /SuccessfulRescale.*horizontal-pod-autoscaler +New size: 3; reason: cpu resource utilization \(percentage of request\) above target/]) assert.match(described, line)
  })
})
