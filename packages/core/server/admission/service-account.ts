import type { Container, Volume } from '../../api/generated/types.ts'
import type { Refusal } from '../../api/refusal.ts'
import { type Pod, pods, type ServiceAccount, serviceAccounts } from '../../api/resources.ts'
import { deepFreeze } from '../../base/frozen.ts'
import type { Random } from '../../base/random.ts'
import { forbidden } from '../refusals.ts'
import type { Admission, Plugin } from './types.ts'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const prefix = 'kube-api-access-'
const mirror = 'kubernetes.io/config.mirror'
/** An hour and a little, as upstream: kubelets renew at 80 % of it. */
const tokenSeconds = 3607

/** Every pod has a service account, and its token, the cluster's certificate and the namespace where clients look for them. */
export const serviceAccount: Plugin = {
  name: 'ServiceAccount', operations: ['create', 'update'], resources: [pods.resource],
  mutate({ operation, kind, object, subresource, circumstances: { view, random } }) {
    if (operation !== 'create' || subresource !== '') return object
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
  validate: refusalOf,
}

/** Secrets that a pod's account does not list are refused to it, where the account says so; a node's own pods have none. */
function refusalOf({ operation, kind, object, subresource, circumstances: { view } }: Admission): Refusal | undefined {
  const made = operation === 'create' && subresource === ''
  if (!made && !(operation === 'update' && subresource === 'ephemeralcontainers')) return undefined
  const pod = object as Pod
  if (made && pod.metadata.annotations?.[mirror] !== undefined) {
    const why = mirrorFault(pod)
    return why === undefined ? undefined : forbidden(kind, pod.metadata.name, why)
  }
  const found = view.get(serviceAccounts, pod.metadata.namespace ?? '', pod.spec.serviceAccountName || 'default')
  if (found?.metadata.annotations?.[enforced] !== 'true') return undefined
  const why = unlistedSecret(pod, found)
  return why === undefined ? undefined : forbidden(kind, pod.metadata.name, why)
}
const enforced = 'kubernetes.io/enforce-mountable-secrets'

function mirrorFault({ spec }: Pod): string | undefined {
  if (spec.serviceAccountName !== undefined && spec.serviceAccountName !== '') return 'a mirror pod may not reference service accounts'
  const volumes = spec.volumes ?? []
  if (volumes.some(({ projected }) => projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined))) return 'a mirror pod may not use ServiceAccountToken volume projections'
  const mounts = volumes.some(({ secret, projected }) => secret !== undefined || projected?.sources?.some((source) => source.secret !== undefined) === true)
  const reads = containersOf(spec).some(({ container }) => secretsRead(container).length > 0)
  return mounts || reads || (spec.imagePullSecrets ?? []).length > 0 ? 'a mirror pod may not reference secrets' : undefined
}

const containersOf = (spec: Pod['spec']) => [
  ...(spec.initContainers ?? []).map((container) => ({ what: 'init container', container })), ...spec.containers.map((container) => ({ what: 'container', container })),
  ...(spec.ephemeralContainers ?? []).map((container) => ({ what: 'ephemeral container', container })),
]
type Reader = Pick<Container, 'name' | 'env' | 'envFrom'>
const secretsRead = ({ env = [], envFrom = [] }: Reader): readonly { readonly secret: string; readonly how: string }[] => [
  ...env.flatMap(({ name, valueFrom }) => (valueFrom?.secretKeyRef === undefined ? [] : [{ secret: valueFrom.secretKeyRef.name ?? '', how: `envVar ${name} referencing` }])),
  ...envFrom.flatMap(({ secretRef }) => (secretRef === undefined ? [] : [{ secret: secretRef.name ?? '', how: 'envFrom referencing' }])),
]

function unlistedSecret({ spec }: Pod, { metadata: { name }, secrets = [], imagePullSecrets = [] }: ServiceAccount): string | undefined {
  const listed = new Set(secrets.map((each) => each.name))
  const refers = `is not allowed because service account ${name} does not reference that`
  const volume = (spec.volumes ?? []).find(({ secret }) => secret !== undefined && !listed.has(secret.secretName))
  if (volume !== undefined) return `volume with secret.secretName="${volume.secret?.secretName}" ${refers} secret`
  for (const { what, container } of containersOf(spec)) {
    const read = secretsRead(container).find(({ secret }) => !listed.has(secret))
    if (read !== undefined) return `${what} ${container.name} with ${read.how} secret.secretName="${read.secret}" ${refers} secret`
  }
  const pulls = new Set(imagePullSecrets.map((each) => each.name))
  const at = (spec.imagePullSecrets ?? []).findIndex((each) => !pulls.has(each.name))
  return at < 0 ? undefined : `imagePullSecrets[${at}].name="${spec.imagePullSecrets?.[at]?.name}" ${refers} imagePullSecret`
}

function mounted(pod: Pod, random: Random): Pod {
  const volumes = pod.spec.volumes ?? []
  const known = volumes.find((volume) => (volume.name ?? '').startsWith(prefix) && volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined))
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

const accessVolume = (name: string): Volume => ({ name, projected: access })
/** Nearly every pod has it: one serves them all. */
const access: Volume['projected'] = deepFreeze({
  defaultMode: 420,
  sources: [
    { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
  ],
})
