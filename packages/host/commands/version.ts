/** The version of Skiff, and of the Kubernetes API whose schemas it serves. */
export const version = '0.1.0'
export const kubernetesVersion = { major: '1', minor: '36', gitVersion: `v1.36.0+skiff.${version}` } as const
