/** The version of Skiff. */
export const skiffVersion = '0.1.0'
/** The version of the Kubernetes API whose schemas are served, as /version and nodes tell it. */
export const kubernetesVersion = { major: '1', minor: '36', gitVersion: `v1.36.0+skiff.${skiffVersion}` } as const
