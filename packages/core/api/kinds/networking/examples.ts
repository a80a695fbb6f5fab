import type { Draft } from '../../resource.ts'

const apiVersion = 'networking.k8s.io/v1'
const backend = { service: { name: 'web', port: { number: 80 } } }
const block = { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }

export const networkingExamples: Readonly<Record<string, Draft>> = {
  'networking.k8s.io/ingresses': {
    apiVersion, kind: 'Ingress', metadata: { name: 'web', namespace: 'default' },
    spec: {
      ingressClassName: 'nginx', defaultBackend: { resource: { apiGroup: 'storage.example.com', kind: 'Bucket', name: 'static' } }, tls: [{ hosts: ['*.example.com'], secretName: 'tls' }],
      rules: [{ host: 'shop.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }, { path: '/a', pathType: 'Exact', backend: { service: { name: '1-api', port: { name: 'http' } } } }] } }, { host: '*.example.com', http: { paths: [{ pathType: 'ImplementationSpecific', backend }] } }],
    },
  },
  'networking.k8s.io/ingressclasses': {
    apiVersion, kind: 'IngressClass', metadata: { name: 'nginx', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: 'k8s.io/ingress-nginx', parameters: { apiGroup: 'k8s.example.net', kind: 'Parameters', name: 'outside' } },
  },
  'networking.k8s.io/ipaddresses': { apiVersion, kind: 'IPAddress', metadata: { name: '2001:db8::1' }, spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } } },
  'networking.k8s.io/networkpolicies': {
    apiVersion, kind: 'NetworkPolicy', metadata: { name: 'web', namespace: 'default' },
    spec: {
      podSelector: { matchLabels: { app: 'web' } },
      ingress: [{ from: [block, { namespaceSelector: {}, podSelector: { matchLabels: { app: 'api' } } }], ports: [{ port: 'http' }, { protocol: 'UDP', port: 8000, endPort: 9000 }] }],
      egress: [{ to: [{ podSelector: {} }] }],
    },
  },
  'networking.k8s.io/servicecidrs': { apiVersion, kind: 'ServiceCIDR', metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/16', '2001:db8::/112'] } },
}
