/** Feature gates of kubelets, and which of their values are what is done here. */
const gates: Readonly<Record<string, 'on' | 'off' | 'either'>> = {
  AllAlpha: 'off', ClusterTrustBundleProjection: 'on', ContainerRestartRules: 'on', CPUManagerPolicyAlphaOptions: 'off', CustomCPUCFSQuotaPeriod: 'either', DevicePluginCDIDevices: 'on', DynamicResourceAllocation: 'on', EventedPLEG: 'off', GracefulNodeShutdown: 'off',
  GracefulNodeShutdownBasedOnPodPriority: 'off', HostnameOverride: 'on', ImageMaximumGCAge: 'on', ImageVolume: 'on', InPlacePodVerticalScaling: 'on', InPlacePodVerticalScalingExclusiveCPUs: 'off', KubeletCrashLoopBackOffMax: 'on',
  KubeletEnsureSecretPulledImages: 'on', MemoryQoS: 'off', NodeLogQuery: 'off', NodeSwap: 'on', PodCertificateRequest: 'on', PodLevelResources: 'on', PodReadyToStartContainersCondition: 'on', PreventStaticPodAPIReferences: 'on', ProcMountType: 'on',
  RecursiveReadOnlyMounts: 'on', ReduceDefaultCrashLoopBackOffDecay: 'off', RestartAllContainersOnContainerExits: 'on', RotateKubeletServerCertificate: 'off', SidecarContainers: 'on', SupplementalGroupsPolicy: 'on', UserNamespacesSupport: 'on',
}

/** Why a feature gate cannot be set so; undefined when it can. */
export function gateFault(gate: string, on: boolean): string | undefined {
  const is = Object.hasOwn(gates, gate) ? gates[gate] : undefined
  if (is === undefined) return `unrecognized feature gate: ${gate}`
  return is === 'either' || (is === 'on') === on ? undefined : `featureGates.${gate} is not followed here but as ${is === 'on'}`
}
