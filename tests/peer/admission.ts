// node tests/peer/admission.ts [security|limits|quota|classes|eviction]…: the same admission scenes on a stock kube-apiserver (SKIFF_PEER_APISERVER,
// SKIFF_PEER_TOKEN) and on our server; prints where their answers differ. It finds what to mend: it is no test.
import { differences, normal } from './same.ts'
import { type Asked, ours, peer } from './sides.ts'

const url = process.env['SKIFF_PEER_APISERVER']
if (url === undefined) { console.error('SKIFF_PEER_APISERVER names no kube-apiserver to compare with'); process.exit(2) }
const wanted = process.argv.slice(2)
const namespace = `admission-${process.pid}`
const sides = [ours(), peer(url, process.env['SKIFF_PEER_TOKEN'] ?? '')] as const
let asked = 0
const merge = { 'content-type': 'application/merge-patch+json' }

/** Asks both, and prints what differs. */
async function both(line: string, body?: unknown, headers?: Asked['headers']): Promise<void> {
  const [mine, theirs] = await Promise.all(sides.map((side) => side.ask({ line, ...(body !== undefined && { body }), ...(headers !== undefined && { headers }) })))
  asked++
  if (mine === undefined || theirs === undefined) return
  const found = [...differences(mine.status, theirs.status, 'status'), ...differences(normal(mine.warnings), normal(theirs.warnings), 'warnings'), ...differences(normal(mine.body), normal(theirs.body))].filter((each) => !each.startsWith('.metadata.managedFields'))
  if (found.length > 0) console.log(`\n${line} ${JSON.stringify(body ?? '').slice(0, 300)}\n${found.map((each) => `  ${each}`).join('\n')}`)
}

const at = `/api/v1/namespaces/${namespace}`
const container = (more: object = {}): object => ({ name: 'a', image: 'i', ...more })
const pod = (name: string, container0: object = {}, more: object = {}, metadata: object = {}): object => ({ metadata: { name, ...metadata }, spec: { automountServiceAccountToken: false, containers: [container(container0)], ...more } })
const context = (securityContext: object): object => ({ securityContext })

const scenes: Readonly<Record<string, () => Promise<void>>> = {
  async security() {
    const safe = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
    const specs: readonly (readonly [object, object, object?])[] = [
      [{}, {}], [context({ privileged: true }), { hostNetwork: true, hostPID: true, hostIPC: true }], [{ ports: [{ containerPort: 1, hostPort: 80 }, { containerPort: 2, hostPort: 443 }] }, {}],
      [{}, { volumes: [{ name: 'v', hostPath: { path: '/' } }, { name: 'w', nfs: { server: 's', path: '/' } }, { name: 'x', image: { reference: 'r' } }] }],
      [context({ capabilities: { add: ['NET_ADMIN', 'CHOWN', 'SYS_TIME'] } }), {}], [context(safe), { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } }],
      [context({ ...safe, capabilities: { drop: ['ALL'], add: ['CHOWN', 'NET_BIND_SERVICE'] } }), { securityContext: { runAsNonRoot: false, runAsUser: 0 } }],
      [context({ runAsNonRoot: false, runAsUser: 0 }), {}], [{}, { hostUsers: false, securityContext: { runAsUser: 0 } }], [context({ procMount: 'Unmasked' }), { hostUsers: false }], [context({ procMount: 'Unmasked' }), {}],
      [context({ seccompProfile: { type: 'Unconfined' } }), { securityContext: { seccompProfile: { type: 'Unconfined' } } }], [context({ seLinuxOptions: { type: 'spc_t', user: 'u', role: 'r' } }), { securityContext: { seLinuxOptions: { type: 'x' } } }],
      [context({ seLinuxOptions: { user: 'u' } }), {}], [context({ seLinuxOptions: { type: 'container_engine_t' } }), {}],
      [context({ appArmorProfile: { type: 'Unconfined' } }), { securityContext: { appArmorProfile: { type: 'Unconfined' } } }], [{}, {}, { annotations: { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' } }],
      [{}, { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }, { name: 'net.ipv4.tcp_rmem', value: '1' }, { name: 'net.ipv4.tcp_syncookies', value: '1' }] } }],
      [{ livenessProbe: { httpGet: { port: 1, host: 'example.com' } }, lifecycle: { preStop: { httpGet: { port: 1, host: 'b' } } } }, {}], [{}, { os: { name: 'windows' }, securityContext: { windowsOptions: { hostProcess: true } }, hostNetwork: true }],
      [{}, { initContainers: [container({ name: 'i' })], containers: [container(), container({ name: 'b' })] }],
    ]
    for (const [level, version] of [['baseline', 'latest'], ['restricted', 'latest'], ['restricted', 'v1.20'], ['baseline', 'v1.26'], ['restricted', 'v1.24'], ['baseline', 'v1.33'], ['restricted', 'v1.33']] as const) {
      await both(`PATCH ${at.replace(`${namespace}`, namespace)}`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': level, 'pod-security.kubernetes.io/enforce-version': version } } }, merge)
      for (const [own, more, metadata] of specs) await both(`POST ${at}/pods?dryRun=All`, pod('x', own, more, metadata))
      await both(`POST /apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { hostPID: true, containers: [container()] } } } })
      await both(`POST /apis/batch/v1/namespaces/${namespace}/cronjobs?dryRun=All`, { metadata: { name: 'd' }, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', hostPID: true, containers: [container()] } } } } } })
    }
    await both(`PATCH ${at}`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': null, 'pod-security.kubernetes.io/enforce-version': null } } }, merge)
    for (const name of ['a', 'b', 'c']) await both(`POST ${at}/pods`, pod(name))
    await both(`POST ${at}/pods`, pod('d', {}, { hostPID: true }))
    await both(`PATCH ${at}?dryRun=All`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } }, merge)
    await both(`PATCH ${at}?dryRun=All`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'x', 'pod-security.kubernetes.io/warn-version': '1.2' } } }, merge)
    for (const name of ['a', 'b', 'c', 'd']) await both(`DELETE ${at}/pods/${name}?gracePeriodSeconds=0`)
  },
  async limits() {
    const limits = [
      { type: 'Container', default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' }, min: { cpu: '50m', memory: '10Mi' }, max: { cpu: '2', memory: '2Gi' }, maxLimitRequestRatio: { cpu: '10' } },
      { type: 'Pod', max: { cpu: '3' }, min: { memory: '20Mi' } }, { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
    ]
    await both(`POST ${at}/limitranges`, { metadata: { name: 'l' }, spec: { limits } })
    for (const [own, more] of [
      [{}, {}], [{ resources: { requests: { cpu: '10m' } } }, {}], [{ resources: { limits: { cpu: '3' } } }, {}], [{ resources: { requests: { cpu: '50m' }, limits: { cpu: '2' } } }, {}], [{ resources: { requests: { cpu: '5m', memory: '1Mi' }, limits: { cpu: '7' } } }, {}],
      [{ resources: { limits: { cpu: '2' } } }, { initContainers: [container({ name: 'i', resources: { limits: { cpu: '4' } } })] }], [{}, { containers: [container({ resources: { limits: { cpu: '2' } } }), container({ name: 'b', resources: { limits: { cpu: '2' } } })] }],
      [{}, { resources: { limits: { cpu: '4' } } }], [{ resources: { limits: { memory: '1.5Gi' }, requests: { memory: '1536Mi' } } }, {}],
    ] as const) await both(`POST ${at}/pods?dryRun=All`, pod('x', own, more))
    for (const storage of ['512Mi', '1Gi', '3Gi']) await both(`POST ${at}/persistentvolumeclaims?dryRun=All`, { metadata: { name: 'c' }, spec: { storageClassName: '', accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } } })
    await both(`DELETE ${at}/limitranges/l`)
  },
  async quota() {
    const hard = { pods: '1', cpu: '1', 'limits.memory': '1Gi', configmaps: '1', 'count/deployments.apps': '0', services: '1', 'services.nodeports': '1', 'requests.storage': '1Gi', 'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '0', 'requests.nvidia.com/gpu': '1' }
    await both(`POST ${at}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard } })
    await both(`POST ${at}/pods`, pod('early', { resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } }))
    const status = (used: object): Promise<void> => both(`PATCH ${at}/resourcequotas/q/status`, { status: { hard, used } }, merge)
    await both(`POST ${at}/pods`, pod('unsaid'))
    await status(hard)
    for (const [own, more] of [[{}, {}], [{ resources: { requests: { cpu: '1' } } }, { initContainers: [container({ name: 'i' })] }], [{ resources: { requests: { cpu: '500m' }, limits: { memory: '512Mi', cpu: '1' } } }, {}], [{ resources: { requests: { cpu: '1', 'nvidia.com/gpu': '2' }, limits: { memory: '512Mi', cpu: '1', 'nvidia.com/gpu': '2' } } }, {}]] as const) await both(`POST ${at}/pods?dryRun=All`, pod('x', own, more))
    const claim = (storage: string, more: object): object => ({ metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...more } })
    await both(`POST ${at}/configmaps`, { metadata: { name: 'm' } })
    await both(`POST /apis/apps/v1/namespaces/${namespace}/deployments`, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container()] } } } })
    await both(`POST ${at}/services`, { metadata: { name: 's' }, spec: { type: 'LoadBalancer', ports: [{ name: 'a', port: 1 }, { name: 'b', port: 2 }] } })
    await both(`POST ${at}/persistentvolumeclaims`, claim('2Gi', { storageClassName: 'gold' }))
    await status(Object.fromEntries(Object.keys(hard).map((name) => [name, '0'])))
    await both(`POST ${at}/pods`, pod('a', { resources: { requests: { cpu: '500m' }, limits: { cpu: '500m', memory: '512Mi' } } }))
    await both(`POST ${at}/services`, { metadata: { name: 's' }, spec: { ports: [{ name: 'a', port: 1 }] } })
    await both(`PATCH ${at}/services/s`, { spec: { type: 'NodePort', ports: [{ name: 'a', port: 1, nodePort: 31234 }, { name: 'b', port: 2, nodePort: 31235 }] } }, merge)
    await both(`POST ${at}/persistentvolumeclaims`, claim('1Gi', { storageClassName: 'silver' }))
    await both(`POST ${at}/configmaps`, { metadata: { name: 'm' } })
    await both(`POST ${at}/configmaps`, { metadata: { name: 'n' } })
    await both(`GET ${at}/resourcequotas/q`)
    for (const each of ['pods/a?gracePeriodSeconds=0', 'services/s', 'persistentvolumeclaims/c', 'configmaps/m', 'resourcequotas/q']) await Promise.all(sides.map((side) => side.ask({ line: `DELETE ${at}/${each}` })))
    for (const [scope, more] of [['BestEffort', {}], ['NotBestEffort', {}], ['Terminating', { activeDeadlineSeconds: 5 }], ['CrossNamespacePodAffinity', { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', namespaces: ['x'] }] } } }]] as const) {
      await both(`POST ${at}/resourcequotas`, { metadata: { name: 's' }, spec: { hard: { pods: '0' }, scopes: [scope] } })
      await Promise.all(sides.map((side) => side.ask({ line: `PATCH ${at}/resourcequotas/s/status`, body: { status: { hard: { pods: '0' }, used: { pods: '0' } } }, headers: merge })))
      for (const own of [{}, { resources: { requests: { cpu: '1' } } }]) await both(`POST ${at}/pods?dryRun=All`, pod('x', own, more))
      await Promise.all(sides.map((side) => side.ask({ line: `DELETE ${at}/resourcequotas/s` })))
    }
  },
  async classes() {
    const clear = (): Promise<unknown> => Promise.all(['node.k8s.io/v1/runtimeclasses', 'networking.k8s.io/v1/ingressclasses', 'storage.k8s.io/v1/storageclasses'].flatMap((each) => sides.map((side) => side.ask({ line: `DELETE /apis/${each}/${namespace}` }))))
    await both(`POST ${at}/pods?dryRun=All`, pod('x', {}, { runtimeClassName: namespace }))
    await both('POST /apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: namespace }, handler: 'h', overhead: { podFixed: { cpu: '100m' } }, scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'k', operator: 'Exists' }] } })
    for (const more of [{}, { overhead: { cpu: '0.1' } }, { overhead: { cpu: '1' } }, { nodeSelector: { a: 'c' } }, { nodeSelector: { x: 'y' }, tolerations: [{ key: 'k', operator: 'Exists' }, { key: 'l' }] }]) await both(`POST ${at}/pods?dryRun=All`, pod('x', {}, { runtimeClassName: namespace, ...more }))
    await both(`POST ${at}/pods?dryRun=All`, pod('x', {}, { overhead: { cpu: '1' } }))
    await both('POST /apis/networking.k8s.io/v1/ingressclasses', { metadata: { name: namespace, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } }, spec: { controller: 'example.com/c' } })
    const ingress = (more: object, annotations: object = {}): object => ({ metadata: { name: 'i', annotations }, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } }, ...more } })
    for (const body of [ingress({}), ingress({ ingressClassName: 'x' }), ingress({}, { 'kubernetes.io/ingress.class': 'y' })]) await both(`POST /apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses?dryRun=All`, body)
    await both('POST /apis/storage.k8s.io/v1/storageclasses', { metadata: { name: namespace }, provisioner: 'example.com/p' })
    await both(`POST ${at}/persistentvolumeclaims`, { metadata: { name: 'c' }, spec: { storageClassName: namespace, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } })
    const grow = (): Promise<void> => both(`PATCH ${at}/persistentvolumeclaims/c`, { spec: { resources: { requests: { storage: '2Gi' } } } }, merge)
    await grow()
    await both(`PATCH ${at}/persistentvolumeclaims/c/status`, { status: { phase: 'Bound', capacity: { storage: '1Gi' } } }, merge)
    await grow()
    await both(`PATCH /apis/storage.k8s.io/v1/storageclasses/${namespace}`, { allowVolumeExpansion: true }, merge)
    await grow()
    await both(`POST ${at}/serviceaccounts`, { metadata: { name: 'strict', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }, secrets: [{ name: 'mine' }], imagePullSecrets: [{ name: 'pull' }] })
    for (const [own, more, metadata] of [
      [{}, { volumes: [{ name: 'v', secret: { secretName: 'other' } }] }], [{}, { volumes: [{ name: 'v', secret: { secretName: 'mine' } }] }], [{ env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }] }, {}], [{ envFrom: [{ secretRef: { name: 'other' } }] }, {}],
      [{}, { initContainers: [container({ name: 'i', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }] })] }], [{}, { imagePullSecrets: [{ name: 'other' }] }], [{}, {}, { annotations: { 'kubernetes.io/config.mirror': 'x' } }],
    ] as const) await both(`POST ${at}/pods?dryRun=All`, pod('x', own, { serviceAccountName: 'strict', ...more }, metadata))
    for (const more of [{ volumes: [{ name: 'v', secret: { secretName: 'other' } }] }, { imagePullSecrets: [{ name: 'x' }] }, { nodeName: 'n' }]) await both(`POST ${at}/pods?dryRun=All`, pod('x', {}, more, { annotations: { 'kubernetes.io/config.mirror': 'x' } }))
    await both(`POST ${at}/pods?dryRun=All`, pod('x', {}, { serviceAccountName: 'nobody' }))
    await both(`POST /api/v1/namespaces/${namespace}-none/pods`, pod('x'))
    await both(`DELETE ${at}/persistentvolumeclaims/c`)
    await both(`PATCH ${at}/persistentvolumeclaims/c`, { metadata: { finalizers: null } }, merge)
    await both(`POST /api/v1/nodes?dryRun=All`, { metadata: { name: namespace } })
    await clear()
  },
  async eviction() {
    const running = async (name: string, ready: string, phase = 'Running'): Promise<void> => {
      await both(`POST ${at}/pods`, pod(name, {}, { terminationGracePeriodSeconds: 0 }, { labels: { app: name } }))
      await both(`PATCH ${at}/pods/${name}/status`, { status: { phase, conditions: [{ type: 'Ready', status: ready }] } }, merge)
    }
    const evict = (name: string, more: object = {}, query = ''): Promise<void> => both(`POST ${at}/pods/${name}/eviction${query}`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, ...more })
    const budgets = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`
    await evict('nobody')
    await running('a', 'True')
    await both(`POST ${budgets}`, { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } } })
    await evict('a')
    const counted = (status: object): Promise<void> => both(`PATCH ${budgets}/b/status`, { status: { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, ...status } }, merge)
    await counted({})
    await evict('a')
    await both(`POST ${at}/pods/a/eviction`, { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'a' } })
    await counted({ disruptionsAllowed: 1, currentHealthy: 2 })
    await evict('a', { deleteOptions: { dryRun: ['All'] } })
    await evict('a', {}, '?dryRun=All')
    await evict('a', { metadata: { name: 'b' } })
    await evict('a', { deleteOptions: { preconditions: { resourceVersion: '1' } } })
    await both(`POST ${budgets}`, { metadata: { name: 'c' }, spec: { maxUnavailable: 1, selector: {} } })
    await evict('a')
    await both(`DELETE ${budgets}/c`)
    await evict('a')
    await both(`GET ${budgets}/b`)
    await both(`GET ${at}/pods/a`)
    await running('u', 'False')
    await both(`PATCH ${budgets}/b`, { spec: { selector: { matchLabels: { app: 'u' } } } }, merge)
    await evict('u')
    await counted({ observedGeneration: 2, disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1 })
    await evict('u')
    await both(`PATCH ${budgets}/b`, { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } }, merge)
    await evict('u')
    await both(`DELETE ${budgets}/b`)
    await running('f', 'True', 'Failed')
    await evict('f')
  },
}

for (const side of sides) {
  await side.ask({ line: 'POST /api/v1/namespaces', body: { metadata: { name: namespace } } })
  await side.ask({ line: `POST ${at}/serviceaccounts`, body: { metadata: { name: 'default' } } })
}
for (const [name, scene] of Object.entries(scenes)) if (wanted.length === 0 || wanted.includes(name)) await scene()
await sides[1].ask({ line: `DELETE ${at}` })
await sides[1].ask({ line: `PUT ${at}/finalize`, body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace }, spec: { finalizers: [] } } })
console.log(`\n${asked} answers compared`)
process.exit(0)
