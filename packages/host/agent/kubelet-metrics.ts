// What /metrics of a node's kubelet tells besides what its runtime was told: pods, containers, volumes of claims, certificates.
import { claimOfVolume, type ClusterView, type Pod, pods as podType, podsByNode } from '@kubeskiff/core/api'
import { kubernetesVersion } from '@kubeskiff/core/base'
import { isTerminal } from '@kubeskiff/core/rules'
import { type DiskUses, type MeasurablePod, type MeasurableVolume, metric, processText, volumeUse } from '../metrics/index.ts'
import type { OciRuntime } from '../oci/index.ts'
import { endOf } from './rotation.ts'

export interface OwnMetricsOptions {
  readonly node: string
  readonly view: ClusterView
  readonly runtime: Pick<OciRuntime, 'observed' | 'measurable'>
  readonly uses: DiskUses
  /** By which the node signs in, PEM. */
  readonly certificate: string | undefined
  readonly now: number
}

/** The text of it. */
export async function ownMetrics({ node, view, runtime, uses, certificate, now }: OwnMetricsOptions): Promise<string> {
  const states = new Map<string, number>()
  const here = [...runtime.observed().pods].filter(([, { spec }]) => spec.node === node)
  const sandboxes = new Set(here.filter(([, { sandbox }]) => sandbox.is === 'ready').map(([uid]) => uid))
  for (const [, { containers }] of here) {
    for (const { is } of [...containers.values()].flat()) {
      const state = is === 'running' || is === 'exited' ? is : is === 'creating' ? 'created' : 'unknown'
      states.set(state, (states.get(state) ?? 0) + 1)
    }
  }
  const pods = [...view.by(podsByNode, node)]
  const desired = pods.filter((pod) => !isTerminal(pod))
  const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined
  const byMirror = (of: readonly Pod[]) => [true, false].map((is) => ({ labels: { static: String(is) }, value: of.filter((pod) => isMirror(pod) === is).length }))
  return [
    metric('kubelet_node_name', 'gauge', '[ALPHA] The node\'s name. The count is always 1.', [{ labels: { node }, value: 1 }]),
    metric('kubelet_running_containers', 'gauge', '[ALPHA] Number of containers currently running', [...states].map(([state, value]) => ({ labels: { container_state: state }, value }))),
    metric('kubelet_running_pods', 'gauge', '[ALPHA] Number of pods that have a running pod sandbox', [{ labels: {}, value: sandboxes.size }]),
    metric('kubelet_desired_pods', 'gauge', '[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.', byMirror(desired)),
    metric('kubelet_active_pods', 'gauge', '[ALPHA] The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.', byMirror(desired)),
    metric('kubelet_mirror_pods', 'gauge', '[ALPHA] The number of mirror pods the kubelet will try to create (one per admitted static pod)', [{ labels: {}, value: pods.filter(isMirror).length }]),
    metric('volume_manager_total_volumes', 'gauge', '[ALPHA] Number of volumes in Volume Manager', [
      ...volumeCounts(desired, 'desired_state_of_world'), ...volumeCounts(pods.filter(({ metadata }) => sandboxes.has(metadata.uid)), 'actual_state_of_world'),
    ]),
    certificate === undefined ? '' : metric('kubelet_certificate_manager_client_ttl_seconds', 'gauge', '[ALPHA] Gauge of the TTL (time-to-live) of the Kubelet\'s client certificate. The value is in seconds until certificate expiry (negative if already expired). If client certificate is invalid or unused, the value will be +INF.', [{ labels: {}, value: Math.round((endOf({ certificate }) - now) / 1000) }]),
    await claimStats(node, view, runtime, uses),
    metric('kubernetes_build_info', 'gauge', '[ALPHA] A metric with a constant \'1\' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.',
      [{ labels: { git_version: kubernetesVersion.gitVersion, major: kubernetesVersion.major, minor: kubernetesVersion.minor }, value: 1 }]),
    processText(),
  ].join('')
}

/** How upstream's plugins of volumes are called, by the field of the volume; the rest by the field's own name. */
const plugins: Readonly<Record<string, string>> = { emptyDir: 'empty-dir', hostPath: 'host-path', configMap: 'configmap', downwardAPI: 'downward-api', persistentVolumeClaim: 'local-volume', nfs: 'nfs' }

function volumeCounts(pods: readonly Pod[], state: string): readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[] {
  const counts = new Map<string, number>()
  for (const { name: _, ...source } of pods.flatMap(({ spec }) => spec.volumes ?? [])) {
    const [kind = ''] = Object.keys(source)
    const plugin = `kubernetes.io/${plugins[kind] ?? kind.toLowerCase()}`
    counts.set(plugin, (counts.get(plugin) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([plugin_name, value]) => ({ labels: { plugin_name, state }, value }))
}

/** The claim that a volume of a pod is, by their names. */
export function claimOf(view: ClusterView, { uid, namespace, name }: Pick<MeasurablePod, 'uid' | 'namespace' | 'name'>, volume: string): string | undefined {
  const pod = view.get(podType, namespace, name)
  const found = pod?.metadata.uid === uid ? pod.spec.volumes?.find((each) => each.name === volume) : undefined
  return pod === undefined || found === undefined ? undefined : claimOfVolume(pod, found)
}

/** What is used and left of the claims that pods here have mounted: each claim once. */
async function claimStats(node: string, view: ClusterView, runtime: Pick<OciRuntime, 'measurable'>, uses: DiskUses): Promise<string> {
  const claims = new Map<string, { readonly namespace: string; readonly claim: string; readonly volume: MeasurableVolume }>()
  for (const pod of runtime.measurable()) {
    if (pod.node !== node) continue
    for (const volume of pod.volumes) {
      const claim = claimOf(view, pod, volume.name)
      if (claim !== undefined) claims.set(`${pod.namespace}/${claim}`, { namespace: pod.namespace, claim, volume })
    }
  }
  const stats = await Promise.all([...claims.values()].map(async ({ namespace, claim, volume }) => ({ labels: { namespace, persistentvolumeclaim: claim }, ...await volumeUse(volume, uses) })))
  const all = (name: string, help: string, value: (stat: (typeof stats)[number]) => number | undefined): string =>
    metric(`kubelet_volume_stats_${name}`, 'gauge', `[ALPHA] ${help}`, stats.flatMap((stat) => { const is = value(stat); return is === undefined ? [] : [{ labels: stat.labels, value: is }] }))
  return [
    all('available_bytes', 'Number of available bytes in the volume', ({ disk }) => disk?.availableBytes), all('capacity_bytes', 'Capacity in bytes of the volume', ({ disk }) => disk?.capacityBytes),
    all('inodes', 'Maximum number of inodes in the volume', ({ disk }) => disk?.inodes), all('inodes_free', 'Number of free inodes in the volume', ({ disk }) => disk?.inodesFree),
    all('inodes_used', 'Number of used inodes in the volume', ({ use }) => use.inodes), all('used_bytes', 'Number of used bytes in the volume', ({ use }) => use.bytes),
  ].join('')
}
