// Starts a stock kube-apiserver with an etcd of its own, on the loopback, for as long as something is compared with it.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type AddressInfo } from 'node:net'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Certificates } from '../../packages/host/credentials/index.ts'

export interface Peer {
  readonly port: number
  /** PEM. */
  readonly authority: string
  readonly certificate: string
  readonly key: string
  readonly pids: readonly number[]
  stop(): Promise<void>
}

/** SKIFF_PEER_APISERVER and SKIFF_PEER_ETCD name the programs. */
export function whyNoPeer(): string | undefined {
  for (const [name, program] of [['SKIFF_PEER_APISERVER', 'kube-apiserver'], ['SKIFF_PEER_ETCD', 'etcd']] as const) {
    const path = process.env[name]
    if (path === undefined || path === '') return `${name} names no ${program}`
    try { accessSync(path, constants.X_OK) } catch { return `${name}: ${path} is no program` }
  }
  return undefined
}

const readyTimeoutMs = 60_000
const lookEveryMs = 200

/** Starts both and waits until the API is ready. Its data is on the disk, in a folder that `stop` removes. */
export async function startPeer(): Promise<Peer> {
  const why = whyNoPeer()
  if (why !== undefined) throw new Error(why)
  const folder = mkdtempSync(join(tmpdir(), 'skiff-peer-'))
  const certificates = new Certificates(join(folder, 'credentials'), Date.now)
  const [authority, serving, admin] = [await certificates.authority(), await certificates.server({ names: ['localhost'], addresses: ['127.0.0.1'] }), await certificates.admin()]
  const file = (name: string, text: string): string => { const path = join(folder, name); writeFileSync(path, text, { mode: 0o600 }); return path }
  const signing = file('signing.key', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString())
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()]
  const etcd = run('SKIFF_PEER_ETCD', ['--data-dir', join(folder, 'etcd'), '--listen-client-urls', `http://127.0.0.1:${clients}`, '--advertise-client-urls', `http://127.0.0.1:${clients}`, '--listen-peer-urls', `http://127.0.0.1:${peers}`, '--log-level', 'error'])
  const server = run('SKIFF_PEER_APISERVER', [
    `--etcd-servers=http://127.0.0.1:${clients}`, `--secure-port=${port}`, '--bind-address=127.0.0.1', '--advertise-address=192.0.2.1', `--cert-dir=${join(folder, 'certificates')}`,
    `--tls-cert-file=${file('server.crt', serving.certificate)}`, `--tls-private-key-file=${file('server.key', serving.key)}`, `--client-ca-file=${file('ca.crt', authority.certificate)}`,
    `--service-account-key-file=${signing}`, `--service-account-signing-key-file=${signing}`, '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--authorization-mode=Node,RBAC', '--service-cluster-ip-range=10.96.0.0/16', '--disable-admission-plugins=ServiceAccount',
  ])
  const stop = async (): Promise<void> => {
    await Promise.all([ended(server), ended(etcd)])
    rmSync(folder, { recursive: true, force: true })
  }
  const until = Date.now() + readyTimeoutMs
  while (!await isReady(port, authority.certificate, admin)) {
    if (Date.now() > until || server.exitCode !== null || etcd.exitCode !== null) { await stop(); throw new Error('the peer does not become ready') }
    await new Promise((resolve) => { setTimeout(resolve, lookEveryMs) })
  }
  return { port, authority: authority.certificate, certificate: admin.certificate, key: admin.key, pids: [server.pid, etcd.pid].filter((pid) => pid !== undefined), stop }
}

const run = (variable: string, words: readonly string[]): ChildProcess => spawn(process.env[variable] ?? '', words, { stdio: 'ignore' })
const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => {
  if (child.exitCode !== null || child.signalCode !== null) { resolve(); return }
  child.once('exit', () => { resolve() })
  child.kill('SIGTERM')
})

const freePort = (): Promise<number> => new Promise((resolve) => {
  const server = createServer()
  server.listen(0, '127.0.0.1', () => { const { port } = server.address() as AddressInfo; server.close(() => { resolve(port) }) })
})

const isReady = (port: number, ca: string, { certificate, key }: { readonly certificate: string; readonly key: string }): Promise<boolean> => new Promise((resolve) => {
  const asked = request({ host: '127.0.0.1', port, path: '/readyz', ca, cert: certificate, key, agent: false }, (response) => { response.resume(); resolve(response.statusCode === 200) })
  asked.on('error', () => { resolve(false) })
  asked.end()
})
