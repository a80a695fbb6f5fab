import assert from 'node:assert/strict'
import { test } from 'node:test'
import { services, type Service } from '@kubeskiff/core/api'
import { nameIndexes } from '@kubeskiff/core/network'
import { createStore } from '@kubeskiff/core/store'
import * as packets from 'dns-packet'
import { encodeWithin } from './dns-size.ts'
import { nameServer } from './names.ts'

const aService: Service = {
  apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], type: 'ClusterIP', ports: [{ port: 80, name: 'http', protocol: 'TCP' }] }, status: {},
}
const anAlias: Service = { ...aService, metadata: { ...aService.metadata, name: 'elsewhere', uid: 'e' }, spec: { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' } }
const store = createStore({ indexes: nameIndexes })
for (const object of [aService, anAlias]) store.commit([{ key: { resource: services.resource, namespace: 'default', name: object.metadata.name }, expect: 'absent', object }])
const answer = nameServer({ view: store.view, zone: 'cluster.local', resolvers: [] })
const ask = async (name: string, type: 'A' | 'AAAA'): Promise<packets.DecodedPacket> => {
  const bytes = await answer(packets.encode({ type: 'query', id: 7, flags: packets.RECURSION_DESIRED, questions: [{ name, type }] }), 'udp')
  assert.ok(bytes)
  return packets.decode(Buffer.from(bytes))
}
const code = (packet: packets.DecodedPacket): number => (packet.flags ?? 0) & 15

test('a Service is found by its name', async () => {
  const reply = await ask('web.default.svc.cluster.local', 'A')
  assert.deepEqual(reply.answers?.map((record) => 'data' in record && record.data), ['10.96.0.7'])
  assert.equal(reply.id, 7)
})

test('a name that the cluster lacks is denied, a type that a name lacks is empty', async () => {
  assert.deepEqual([code(await ask('nothing.default.svc.cluster.local', 'A')), code(await ask('web.default.svc.cluster.local', 'AAAA'))], [3, 0])
})

test('the name of an ExternalName Service is answered with what it leads to', async () => {
  const reply = await ask('elsewhere.default.svc.cluster.local', 'A')
  assert.deepEqual(reply.answers?.map((record) => [record.name, record.type, 'data' in record && record.data]), [
    ['elsewhere.default.svc.cluster.local', 'CNAME', 'web.default.svc.cluster.local'], ['web.default.svc.cluster.local', 'A', '10.96.0.7'],
  ])
})

test('a name of the world without a resolver above fails', async () => {
  assert.equal(code(await ask('example.com', 'A')), 2)
})

test('what is no DNS message gets no answer', async () => {
  assert.equal(await answer(Uint8Array.of(1, 2, 3), 'udp'), undefined)
})

test('an answer that is too long loses what comes along first, then its end, and says so', () => {
  const name = '_http._tcp.a-rather-long-service-name.default.svc.cluster.local'
  const target = (at: number): string => `10-244-0-${at}.a-rather-long-service-name.default.svc.cluster.local`
  const message = (count: number): packets.Packet => ({
    type: 'response', id: 7, questions: [{ name, type: 'SRV' }],
    answers: Array.from({ length: count }, (_, at) => ({ type: 'SRV', name, ttl: 5, data: { port: 80, target: target(at) } })),
    additionals: Array.from({ length: count }, (_, at) => ({ type: 'A', name: target(at), ttl: 5, data: `10.244.0.${at}` })),
  })
  const shape = (count: number): readonly unknown[] => {
    const bytes = encodeWithin(message(count), 512)
    const { answers, additionals, flag_tc } = packets.decode(Buffer.from(bytes))
    return [bytes.length <= 512, answers?.length, additionals?.length, flag_tc, answers?.every((answer) => answer.name === name)]
  }
  assert.deepEqual([2, 4, 9].map(shape), [[true, 2, 2, false, true], [true, 4, 0, false, true], [true, 5, 0, true, true]])
})
