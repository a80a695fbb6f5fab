import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { ClusterView } from '@kubeskiff/core/api'
import { authorityOf, dnsAnswer, type DnsRecord } from '@kubeskiff/core/network'
import * as packets from 'dns-packet'
import { encodeWithin } from './dns-size.ts'

/** How long a resolver above may take before the next one is asked. */
const forwardTimeoutMs = 2_000
const resolversMax = 3
const udpSizeDefault = 512
const udpSizeMost = 1232
/** An alias of an alias, and so on, is followed this far. */
const aliasHopsMax = 8
const noSuchName = 3
const serverFailed = 2

/** Answers DNS messages of pods: the cluster's own names from the view, all others by the machine's resolvers. */
export function nameServer(options: { readonly view: ClusterView; readonly zone: string; readonly resolvers?: readonly string[] }): (question: Uint8Array, over: 'udp' | 'tcp') => Promise<Uint8Array | undefined> {
  const { view, zone } = options
  const resolvers = options.resolvers ?? machineResolvers()

  /** What an alias leads to, as small resolvers do not ask on by themselves: its address records, or nothing when they cannot be had. */
  const follow = async (name: string, type: string, hops: number): Promise<readonly DnsRecord[]> => {
    const answer = dnsAnswer(view, { name, type }, zone)
    if (answer.is === 'no such name') return []
    if (answer.is === 'forward') return forwardedRecords(name, type, resolvers)
    const next = aliasOf(answer.records, type)
    return next === undefined || hops === 0 ? answer.records : [...answer.records, ...(await follow(next, type, hops - 1))]
  }

  return async (bytes, over) => {
    let query: packets.DecodedPacket
    try { query = packets.decode(Buffer.from(bytes)) } catch {
      return undefined // not a DNS message: there is nothing to answer to
    }
    const question = query.questions?.[0]
    if (question === undefined) return undefined
    const answer = dnsAnswer(view, { name: question.name, type: question.type }, zone)
    if (answer.is === 'forward') return (await forward(bytes, resolvers, over)) ?? reply(query, serverFailed, [], [], [], over)
    if (answer.is === 'no such name') return reply(query, noSuchName, [], [authorityOf(view, zone)], [], over)
    const alias = aliasOf(answer.records, question.type)
    if (alias !== undefined) return reply(query, 0, [...answer.records, ...(await follow(alias, question.type, aliasHopsMax))], [], [], over)
    const authorities = answer.records.length === 0 ? [authorityOf(view, zone)] : []
    return reply(query, 0, answer.records, authorities, answer.additional, over)
  }
}

/** The name that an answer leads on to, when something else was asked for. */
function aliasOf(records: readonly DnsRecord[], type: string): string | undefined {
  const last = records.at(-1)
  return last?.type === 'CNAME' && type !== 'CNAME' && typeof last.data === 'string' ? last.data : undefined
}

async function forwardedRecords(name: string, type: string, resolvers: readonly string[]): Promise<readonly DnsRecord[]> {
  if (type !== 'A' && type !== 'AAAA') return []
  const question = packets.encode({ type: 'query', id: randomInt(1 << 16), flags: packets.RECURSION_DESIRED, questions: [{ name, type }] })
  const answer = await forward(question, resolvers, 'udp')
  if (answer === undefined) return []
  return (packets.decode(Buffer.from(answer)).answers ?? []).flatMap((record): readonly DnsRecord[] =>
    record.type === 'A' || record.type === 'AAAA' || record.type === 'CNAME' ? [{ name: record.name, type: record.type, ttl: record.ttl ?? 0, data: record.data }] : [])
}

function reply(query: packets.DecodedPacket, code: number, answers: readonly DnsRecord[], authorities: readonly DnsRecord[], additionals: readonly DnsRecord[], over: 'udp' | 'tcp'): Uint8Array {
  const edns = query.additionals?.find((record) => record.type === 'OPT')
  const room = over === 'tcp' ? Infinity : edns !== undefined && 'udpPayloadSize' in edns ? Math.min(udpSizeMost, edns.udpPayloadSize) : udpSizeDefault
  return encodeWithin({
    type: 'response', id: query.id ?? 0,
    flags: packets.AUTHORITATIVE_ANSWER | packets.RECURSION_AVAILABLE | ((query.flags ?? 0) & packets.RECURSION_DESIRED) | code,
    questions: query.questions ?? [],
    answers: answers.map(wire),
    authorities: authorities.map(wire),
    additionals: [...additionals.map(wire), ...(edns === undefined ? [] : [{ type: 'OPT', name: '.', udpPayloadSize: udpSizeMost, flags: 0, options: [] } as unknown as packets.Answer])],
  }, room)
}
const wire = (record: DnsRecord): packets.Answer => ({ name: record.name, type: record.type, ttl: record.ttl, class: 'IN', data: record.data }) as packets.Answer

async function forward(question: Uint8Array, resolvers: readonly string[], over: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
  for (const resolver of resolvers) {
    const answer = over === 'udp' ? await askByDatagram(question, resolver) : await askByStream(question, resolver)
    if (answer !== undefined) return answer
  }
  return undefined
}

function askByDatagram(question: Uint8Array, resolver: string): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(resolver.includes(':') ? 'udp6' : 'udp4')
    const end = (answer: Uint8Array | undefined): void => { clearTimeout(timer); socket.close(); resolve(answer) }
    const timer = setTimeout(() => { end(undefined) }, forwardTimeoutMs)
    socket.on('error', () => { end(undefined) })
    socket.on('message', (answer) => { if (answer[0] === question[0] && answer[1] === question[1]) end(answer) })
    socket.send(question, 53, resolver, (error) => { if (error) end(undefined) })
  })
}

function askByStream(question: Uint8Array, resolver: string): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: resolver, port: 53, timeout: forwardTimeoutMs })
    let received = Buffer.alloc(0)
    const end = (answer: Uint8Array | undefined): void => { socket.destroy(); resolve(answer) }
    socket.on('timeout', () => { end(undefined) })
    socket.on('error', () => { end(undefined) })
    socket.on('close', () => { resolve(undefined) })
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) end(received.subarray(2, 2 + received.readUInt16BE(0)))
    })
    const length = Buffer.alloc(2)
    length.writeUInt16BE(question.length)
    socket.write(Buffer.concat([length, question]))
  })
}

function machineResolvers(): readonly string[] {
  try {
    return [...readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '').slice(0, resolversMax)
  } catch {
    return [] // a machine without resolvers: only the cluster's names are known
  }
}
