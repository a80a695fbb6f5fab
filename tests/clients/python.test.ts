// Python's client: legacy discovery, JSON without kinds, patches by the type of their value, watches.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { TestCluster } from './cluster.ts'

const python = process.env['SKIFF_TEST_PYTHON'] ?? 'python3'
const missing = spawnSync(python, ['-c', 'import kubernetes'], { timeout: 60_000 }).status === 0 ? false : `${python} has no module kubernetes: SKIFF_TEST_PYTHON may name one that has`

const script = `
from kubernetes import client, config, watch, dynamic
config.load_kube_config()
core, apps, batch = client.CoreV1Api(), client.AppsV1Api(), client.BatchV1Api()
print(sorted(node.metadata.name for node in core.list_node().items))
made = core.create_namespaced_config_map('default', {'metadata': {'name': 'snake'}, 'data': {'a': '1'}})
print(made.metadata.name, made.data)
print(core.patch_namespaced_config_map('snake', 'default', {'data': {'b': '2'}}).data)
try:
    core.read_namespaced_config_map('absent', 'default')
except client.ApiException as error:
    print(error.status, error.reason)
seen = []
for event in watch.Watch().stream(core.list_namespaced_config_map, 'default', field_selector='metadata.name=snake', timeout_seconds=20):
    seen.append((event['type'], event['object'].data))
    if len(seen) == 1: core.patch_namespaced_config_map('snake', 'default', {'data': {'a': None}})
    if len(seen) == 2: core.delete_namespaced_config_map('snake', 'default')
    if len(seen) == 3: break
print(seen)
labels = {'app': 'web'}
apps.create_namespaced_deployment('default', client.V1Deployment(metadata=client.V1ObjectMeta(name='web'), spec=client.V1DeploymentSpec(replicas=2, selector=client.V1LabelSelector(match_labels=labels),
    template=client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[client.V1Container(name='a', image='a')])))))
for event in watch.Watch().stream(apps.list_namespaced_deployment, 'default', timeout_seconds=20):
    if event['object'].status.available_replicas == 2: break
print(apps.patch_namespaced_deployment_scale('web', 'default', {'spec': {'replicas': 1}}).spec.replicas)
dynamic_client = dynamic.DynamicClient(client.ApiClient())
print([item.metadata.name for item in dynamic_client.resources.get(api_version='apps/v1', kind='Deployment').get(namespace='default').items])
print(client.VersionApi().get_code().major)
`

test('Python lists, creates, patches, watches and discovers', { skip: missing }, async () => {
  const cluster = await TestCluster.start(['--nodes', '2'])
  try {
    const run = spawnSync(python, ['-c', script], { encoding: 'utf8', timeout: 90_000, env: { ...process.env, HOME: cluster.folder, KUBECONFIG: join(cluster.dataDir, 'kubeconfig') } })
    assert.equal(run.status, 0, run.stderr)
    assert.deepEqual(run.stdout.trim().split('\n'), [
      "['sim-1', 'sim-2']", "snake {'a': '1'}", "{'a': '1', 'b': '2'}", '404 Not Found',
      "[('ADDED', {'a': '1', 'b': '2'}), ('MODIFIED', {'b': '2'}), ('DELETED', {'b': '2'})]", '1', "['web']", '1',
    ])
  } finally { await cluster.stop() }
})
