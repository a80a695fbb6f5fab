import { formatQuantity, quantityOf } from '@kubeskiff/core/base'
import type { Threshold } from '@kubeskiff/core/kubelet'
import { type AgentConfiguration, dnsServers } from './configuration.ts'
import type { KubeletSettings } from './kubelet-settings.ts'

const defaults: Partial<Record<keyof KubeletSettings, unknown>> & Readonly<Record<string, unknown>> = {
  cgroupDriver: 'cgroupfs', cgroupsPerQOS: true, failSwapOn: false, failCgroupV1: false, enableServer: true, port: 10250, rotateCertificates: true, localStorageCapacityIsolation: true, enableControllerAttachDetach: true,
  configMapAndSecretChangeDetectionStrategy: 'Watch', imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages', enforceNodeAllocatable: ['none'], eventRecordQPS: 0, nodeStatusMaxImages: 50,
  cpuManagerPolicy: 'none', cpuManagerReconcilePeriod: '10s', memoryManagerPolicy: 'None', topologyManagerPolicy: 'none', topologyManagerScope: 'container',
  podsPerCore: 0, evictionMaxPodGracePeriod: 0, evictionPressureTransitionPeriod: '5m0s', mergeDefaultEvictionSettings: false,
  imageMinimumGCAge: '2m0s', imageMaximumGCAge: '0s', imageGCHighThresholdPercent: 85, imageGCLowThresholdPercent: 80, containerLogMaxSize: '10Mi', containerLogMaxFiles: 5, containerLogMonitorInterval: '10s',
  seccompDefault: false, cpuCFSQuota: true, cpuCFSQuotaPeriod: '100ms', serializeImagePulls: false, registerNode: true, nodeStatusUpdateFrequency: '10s', nodeStatusReportFrequency: '5m0s', nodeLeaseDurationSeconds: 40,
  crashLoopBackOff: { maxContainerRestartPeriod: '5m0s' }, memorySwap: { swapBehavior: 'NoSwap' }, fileCheckFrequency: '20s', enableDebuggingHandlers: true, enableSystemLogHandler: true,
}
/** What says nothing leaves the default. */
const isSaid = (value: unknown): boolean => value !== '' && value !== '0s'

/** The configuration that a node's kubelet runs with, as `configz` shows it: what was said, and the defaults for all else. */
export function effectiveConfiguration(configuration: AgentConfiguration, node: string, thresholds: readonly Threshold[]): object {
  const { clusterDomain, nodes, kubelet = {}, stateDirectory } = configuration
  const shape = nodes.find((each) => each.shape.name === node)?.shape
  const said = Object.fromEntries(Object.entries(kubelet).filter(([name, value]) => isSaid(value) || name === 'resolvConf'))
  const updates = said['nodeStatusUpdateFrequency']
  return {
    kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', ...defaults, clusterDomain, clusterDNS: dnsServers(configuration), staticPodPath: `${stateDirectory}/manifests/${node}`, podCIDR: shape?.podCidr ?? '',
    ...(updates !== undefined && { nodeStatusReportFrequency: updates }), ...said,
    maxPods: Number(shape?.capacity['pods'] ?? 110), podPidsLimit: kubelet.podPidsLimit ?? -1,
    evictionHard: Object.fromEntries(thresholds.filter(({ soft }) => soft === undefined).map(({ signal, least }) => [signal, 'percent' in least ? `${least.percent}%` : formatQuantity(quantityOf(least.amount, 'BinarySI'))])),
    authentication: { x509: {}, webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } }, authorization: { mode: 'Webhook' },
  }
}
