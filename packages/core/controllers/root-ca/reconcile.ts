import type { Controller } from '../../api/controller.ts'
import { keyOf } from '../../api/resource.ts'
import { configMaps, namespaces } from '../../api/resources.ts'
import { isTerminating } from '../../rules/pods.ts'
import { settled } from '../settled.ts'

const mapName = 'kube-root-ca.crt'
const description = 'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Every Namespace has a ConfigMap with the API server's CA (PEM), for its pods. A key is a Namespace's name. */
export const rootCaController = (ca: string): Controller => ({
  name: 'root-ca-cert-publisher',
  watches: [
    { resource: namespaces.resource, affected: ({ key, before }) => (before === undefined ? [key.name] : []) },
    { resource: configMaps.resource, affected: ({ key }) => (key.name === mapName ? [key.namespace] : []) },
  ],
  reconcile: (name, { view }) => {
    const namespace = view.get(namespaces, '', name)
    if (namespace === undefined || isTerminating(namespace)) return settled
    const data = { 'ca.crt': ca }
    const map = view.get(configMaps, name, mapName)
    if (map === undefined) {
      return { actions: [{ do: 'create', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: mapName, namespace: name, annotations: { 'kubernetes.io/description': description } }, data } }] }
    }
    const strangers = Object.keys(map.data ?? {}).filter((key) => key !== 'ca.crt')
    if (map.data?.['ca.crt'] === ca && strangers.length === 0) return settled
    return { actions: [{ do: 'patch', key: keyOf(configMaps, map), uid: map.metadata.uid, part: 'main', patch: { data: { ...Object.fromEntries(strangers.map((key) => [key, null])), ...data } } }] }
  },
})
