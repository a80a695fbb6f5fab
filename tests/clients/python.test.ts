// Python's client: legacy discovery, JSON without kinds, patches by the type of their value, watches.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { boatDefinition } from './boats.ts'
import { TestCluster } from './cluster.ts'
import { python } from './tools.ts'

const found = python()

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

/** Definitions and their objects, tokens, server-side apply, collections, evictions, autoscalers of both versions. */
const wider = `
import sys, time, yaml
from kubernetes import client, config, watch, dynamic, utils
config.load_kube_config()
core, custom, extensions = client.CoreV1Api(), client.CustomObjectsApi(), client.ApiextensionsV1Api()
extensions.create_custom_resource_definition(yaml.safe_load(sys.stdin.read()))
for event in watch.Watch().stream(extensions.list_custom_resource_definition, field_selector='metadata.name=boats.sea.example.com', timeout_seconds=20):
    if any(one.type == 'Established' and one.status == 'True' for one in event['object'].status.conditions or []): break
where = dict(group='sea.example.com', version='v1', namespace='default', plural='boats')
for _ in range(50):
    try: custom.list_namespaced_custom_object(**where); break
    except client.ApiException: time.sleep(0.1)
boat = custom.create_namespaced_custom_object(body={'apiVersion': 'sea.example.com/v1', 'kind': 'Boat', 'metadata': {'name': 'dinghy'}, 'spec': {'crew': 2}}, **where)
print(boat['spec'])
print(custom.patch_namespaced_custom_object_status(name='dinghy', body={'status': {'onBoard': 2}}, **where)['status'])
print(custom.patch_namespaced_custom_object_scale(name='dinghy', body={'spec': {'replicas': 4}}, **where)['spec'])
try:
    custom.create_namespaced_custom_object(body={'apiVersion': 'sea.example.com/v1', 'kind': 'Boat', 'metadata': {'name': 'crowded'}, 'spec': {'crew': 51}}, **where)
except client.ApiException as error:
    print(error.status, error.reason)
boats = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version='sea.example.com/v1', kind='Boat')
print(boats.server_side_apply(body={'apiVersion': 'sea.example.com/v1', 'kind': 'Boat', 'metadata': {'name': 'dinghy'}, 'spec': {'crew': 5}}, namespace='default', field_manager='snake', force_conflicts=True).spec.crew)
core.create_namespaced_service_account('default', {'metadata': {'name': 'bot'}})
token = core.create_namespaced_service_account_token('bot', 'default', client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600))).status.token
print(client.AuthenticationV1Api().create_token_review({'spec': {'token': token}}).status.user.username)
for index in range(5): core.create_namespaced_secret('default', {'metadata': {'name': f's-{index}', 'labels': {'story': 'python'}}, 'stringData': {'a': str(index)}})
page = core.list_namespaced_secret('default', label_selector='story=python', limit=2)
print(len(page.items), page.metadata.remaining_item_count, len(core.list_namespaced_secret('default', label_selector='story=python', limit=5, _continue=page.metadata._continue).items))
core.delete_collection_namespaced_secret('default', label_selector='story=python')
print(len(core.list_namespaced_secret('default', label_selector='story=python').items))
utils.create_from_dict(client.ApiClient(), {'apiVersion': 'autoscaling/v1', 'kind': 'HorizontalPodAutoscaler', 'metadata': {'name': 'web', 'namespace': 'default'}, 'spec': {'maxReplicas': 3, 'targetCPUUtilizationPercentage': 50, 'scaleTargetRef': {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'name': 'web'}}})
print(client.AutoscalingV2Api().read_namespaced_horizontal_pod_autoscaler('web', 'default').spec.metrics[0].resource.target.average_utilization)
`

describe('the official Python client', { skip: found.is === 'missing' ? found.why : false }, () => {
  let cluster: TestCluster
  before(async () => { cluster = await TestCluster.start(['--nodes', '2']) })
  after(async () => { await cluster.stop() })

  const run = (text: string, input = ''): readonly string[] => {
    assert.ok(found.is === 'there')
    const { status, stdout, stderr } = spawnSync(found.program, ['-c', text], { encoding: 'utf8', input, timeout: 90_000, env: { ...process.env, HOME: cluster.folder, KUBECONFIG: join(cluster.dataDir, 'kubeconfig') } })
    assert.equal(status, 0, stdout + stderr)
    return stdout.trim().split('\n')
  }

  test('lists, creates, patches, watches and discovers', () => {
    assert.deepEqual(run(script), [
      "['sim-1', 'sim-2']", "snake {'a': '1'}", "{'a': '1', 'b': '2'}", '404 Not Found',
      "[('ADDED', {'a': '1', 'b': '2'}), ('MODIFIED', {'b': '2'}), ('DELETED', {'b': '2'})]", '1', "['web']", '1',
    ])
  })

  test('defines kinds and uses them, asks for tokens, applies, pages, deletes collections, and reads one object in two versions', () => {
    assert.deepEqual(run(wider, boatDefinition), [
      "{'crew': 2, 'image': 'sailor:1'}", "{'onBoard': 2}", "{'replicas': 4}", '422 Unprocessable Entity', '5', 'system:serviceaccount:default:bot', '2 None 3', '0', '50',
    ])
  })
})
