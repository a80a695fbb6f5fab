import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../api/index.ts'
import { viewOf } from '../rules/view-of.ts'
import { dnsAnswer, nameIndexes } from './dns.ts'

const meta = (name: string, labels: Readonly<Record<string, string>> = {}) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels })
const aService = (name: string, spec: object): Resource => ({ apiVersion: 'v1', kind: 'Service', metadata: meta(name), ...{ spec, status: {} } })
const aSlice = (service: string, endpoints: readonly object[], ports: readonly object[] = []): Resource =>
  ({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: meta(`${service}-x`, { 'kubernetes.io/service-name': service }), ...{ addressType: 'IPv4', endpoints, ports } })

const view = viewOf([
  { apiVersion: 'v1', kind: 'Namespace', metadata: { ...meta('default'), namespace: '' } },
  aService('web', { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }] }),
  aService('db', { clusterIP: 'None', ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }] }),
  aSlice('db', [
    { addresses: ['10.244.1.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.2.6'], hostname: 'db-1', conditions: { ready: false } },
    { addresses: ['10.244.2.7'], conditions: { ready: true } },
  ], [{ name: 'sql', protocol: 'TCP', port: 5432 }]),
  aService('bare', { clusterIP: 'None' }),
  aService('out', { type: 'ExternalName', externalName: 'Example.org.' }),
  aService('six', { clusterIP: 'fd96::7', clusterIPs: ['fd96::7', '10.96.0.8'], ports: [{ name: 'http', protocol: 'TCP', port: 80 }] }),
], { indexes: nameIndexes })
const a = (name: string, data: string) => ({ name, type: 'A', ttl: 5, data })
const records = (...all: readonly object[]) => ({ is: 'answer', records: all, additional: [] })
const none = { is: 'no such name' }

const rows: readonly (readonly [string, string, unknown])[] = [
  ['web.default.svc.cluster.local', 'A', records(a('web.default.svc.cluster.local', '10.96.0.7'))],
  ['WEB.default.svc.cluster.local.', 'A', records(a('web.default.svc.cluster.local', '10.96.0.7'))],
  ['web.default.svc.cluster.local', 'AAAA', records()],
  ['web.default.svc.cluster.local', 'MX', records()],
  ['nope.default.svc.cluster.local', 'A', none],
  ['nope.default.svc.cluster.local', 'AAAA', none],
  ['web.other.svc.cluster.local', 'A', none],
  ['default.svc.cluster.local', 'A', records()],
  ['other.svc.cluster.local', 'A', none],
  ['svc.cluster.local', 'A', records()],
  ['cluster.local', 'A', records()],
  ['example.cluster.local', 'A', none],
  ['db.default.svc.cluster.local', 'A', records(a('db.default.svc.cluster.local', '10.244.1.5'), a('db.default.svc.cluster.local', '10.244.2.7'))],
  ['db-0.db.default.svc.cluster.local', 'A', records(a('db-0.db.default.svc.cluster.local', '10.244.1.5'))],
  ['db-1.db.default.svc.cluster.local', 'A', none],
  ['10-244-2-7.db.default.svc.cluster.local', 'A', records(a('10-244-2-7.db.default.svc.cluster.local', '10.244.2.7'))],
  ['bare.default.svc.cluster.local', 'A', none],
  ['out.default.svc.cluster.local', 'A', records({ name: 'out.default.svc.cluster.local', type: 'CNAME', ttl: 5, data: 'example.org' })],
  ['out.default.svc.cluster.local', 'SRV', records()],
  ['10-244-1-5.default.pod.cluster.local', 'A', records(a('10-244-1-5.default.pod.cluster.local', '10.244.1.5'))],
  ['300-1-1-1.default.pod.cluster.local', 'A', none],
  ['10-244-1-5.default.pod.cluster.local', 'AAAA', records()],
  ['fd00--1-5.default.pod.cluster.local', 'AAAA', records({ name: 'fd00--1-5.default.pod.cluster.local', type: 'AAAA', ttl: 5, data: 'fd00::1:5' })],
  ['six.default.svc.cluster.local', 'AAAA', records({ name: 'six.default.svc.cluster.local', type: 'AAAA', ttl: 5, data: 'fd96::7' })],
  ['six.default.svc.cluster.local', 'A', records(a('six.default.svc.cluster.local', '10.96.0.8'))],
  ['7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.d.f.ip6.arpa', 'PTR', records({ name: '7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.d.f.ip6.arpa', type: 'PTR', ttl: 5, data: 'six.default.svc.cluster.local' })],
  ['8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.d.f.ip6.arpa', 'PTR', { is: 'forward' }],
  ['7.0.96.10.in-addr.arpa', 'PTR', records({ name: '7.0.96.10.in-addr.arpa', type: 'PTR', ttl: 5, data: 'web.default.svc.cluster.local' })],
  ['5.1.244.10.in-addr.arpa', 'PTR', records({ name: '5.1.244.10.in-addr.arpa', type: 'PTR', ttl: 5, data: 'db-0.db.default.svc.cluster.local' })],
  ['9.9.9.9.in-addr.arpa', 'PTR', { is: 'forward' }],
  ['example.org', 'A', { is: 'forward' }],
  ['dns-version.cluster.local', 'TXT', records({ name: 'dns-version.cluster.local', type: 'TXT', ttl: 5, data: ['1.1.0'] })],
  ['_http._tcp.web.default.svc.cluster.local', 'SRV', {
    is: 'answer',
    records: [{ name: '_http._tcp.web.default.svc.cluster.local', type: 'SRV', ttl: 5, data: { priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' } }],
    additional: [a('web.default.svc.cluster.local', '10.96.0.7')],
  }],
  ['_sql._tcp.db.default.svc.cluster.local', 'SRV', {
    is: 'answer',
    records: ['db-0', '10-244-2-7'].map((host) => ({ name: '_sql._tcp.db.default.svc.cluster.local', type: 'SRV', ttl: 5, data: { priority: 0, weight: 50, port: 5432, target: `${host}.db.default.svc.cluster.local` } })),
    additional: [a('db-0.db.default.svc.cluster.local', '10.244.1.5'), a('10-244-2-7.db.default.svc.cluster.local', '10.244.2.7')],
  }],
  ['_nope._tcp.web.default.svc.cluster.local', 'SRV', none],
  ['_http._udp.web.default.svc.cluster.local', 'SRV', none],
]
for (const [name, type, expected] of rows) test(`${type} ${name}`, () => assert.deepEqual(dnsAnswer(view, { name, type }, 'cluster.local'), expected))
