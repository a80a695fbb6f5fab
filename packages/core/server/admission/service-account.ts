import type { Container, Volume } from '../../api/generated/types.ts'
import { type Pod, pods, serviceAccounts } from '../../api/resources.ts'
import type { Random } from '../../base/random.ts'
import { forbidden } from '../refusals.ts'
import type { Plugin } from './types.ts'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const prefix = 'kube-api-access-'
const mirror = 'kubernetes.io/config.mirror'
/** An hour and a little, as upstream: kubelets renew at 80 % of it. */
const tokenSeconds = 3607

/** Every pod has a service account, and its token, the cluster's certificate and the namespace where clients look for them. */
export const serviceAccount: Plugin = {
  name: 'ServiceAccount',
  mutate({ operation, kind, object, subresource, circumstances: { view, random } }) {
    if (operation !== 'create' || kind.resource !== pods.resource || subresource !== '') return object
    const pod = object as Pod
    if (pod.metadata.annotations?.[mirror] !== undefined) return pod
    const { name, namespace = '' } = pod.metadata
    const account = pod.spec.serviceAccountName || 'default'
    const found = view.get(serviceAccounts, namespace, account)
    if (found === undefined) {
      return forbidden(kind, name, `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`)
    }
    const named: Pod = {
      ...pod,
      spec: {
        ...pod.spec, serviceAccountName: account, serviceAccount: account,
        ...((pod.spec.imagePullSecrets ?? []).length === 0 && (found.imagePullSecrets ?? []).length > 0 && { imagePullSecrets: found.imagePullSecrets ?? [] }),
      },
    }
    return (pod.spec.automountServiceAccountToken ?? found.automountServiceAccountToken ?? true) ? mounted(named, random) : named
  },
}

function mounted(pod: Pod, random: Random): Pod {
  const volumes = pod.spec.volumes ?? []
  const known = volumes.find((volume) => volume.name.startsWith(prefix) && volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined))
  const name = known?.name ?? `${prefix}${random.suffix(5)}`
  const containers = pod.spec.containers.map((container) => withMount(container, name))
  const initContainers = pod.spec.initContainers?.map((container) => withMount(container, name))
  const used = containers.some((container, at) => container !== pod.spec.containers[at]) || initContainers?.some((container, at) => container !== pod.spec.initContainers?.[at]) === true
  if (!used) return pod
  return {
    ...pod,
    spec: { ...pod.spec, volumes: known === undefined ? [...volumes, accessVolume(name)] : volumes, ...(initContainers !== undefined && { initContainers }), containers },
  }
}
const withMount = (container: Container, name: string): Container =>
  (container.volumeMounts?.some((mount) => mount.mountPath === mountPath) === true ? container
    : { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }] })

const accessVolume = (name: string): Volume => ({
  name,
  projected: {
    defaultMode: 420,
    sources: [
      { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
  },
})
