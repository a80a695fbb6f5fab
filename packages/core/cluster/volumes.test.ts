import assert from 'node:assert/strict'
import { test } from 'node:test'
import { persistentVolumeClaims, persistentVolumes, pods } from '../api/index.ts'
import { createCluster } from './virtual-cluster.ts'

test('the volume of a claim goes after its node: nothing was ever written there', () => {
  const cluster = createCluster({ nodes: 2 })
  cluster.apply(`apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: skiff.dev/local
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec: {storageClassName: local, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec:
  containers: [{name: c, image: busybox}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`)
  const [pod] = cluster.list(pods)
  assert.deepEqual([pod?.status.phase, cluster.list(persistentVolumes).length], ['Running', 1])
  const node = pod?.spec.nodeName ?? ''
  cluster.removeNode(node)
  for (const path of [`/api/v1/nodes/${node}`, '/api/v1/namespaces/default/pods/p', '/api/v1/namespaces/default/persistentvolumeclaims/data']) assert.equal(cluster.request('DELETE', path).status, 200)
  cluster.advance('5m')
  assert.deepEqual([cluster.list(pods), cluster.list(persistentVolumeClaims), cluster.list(persistentVolumes)].map((each) => each.length), [0, 0, 0])
})
