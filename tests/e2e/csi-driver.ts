// A small CSI driver that runs as a pod: its disks are folders of its node, mounted as a driver mounts file systems. It registers by itself, as the stock registrar would for it.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { startTestDriver } from '../../packages/host/csi/test-driver.ts'

const [driver = '', node = ''] = process.argv.slice(2)
const folder = `/var/lib/kubelet/plugins/${driver}`

function busybox(...words: readonly string[]): void {
  const { status, stderr } = spawnSync('/bin/busybox', words, { encoding: 'utf8' })
  if (status !== 0) throw Object.assign(new Error(stderr), { code: 13, details: `${words.join(' ')}: ${stderr}` })
}
const bind = (from: string, to: string): void => {
  mkdirSync(to, { recursive: true })
  busybox('mount', '--bind', from, to)
}

const started = await startTestDriver({
  driver, socket: `${folder}/csi.sock`, endpoint: `${folder}/csi.sock`, registration: `/registration/${driver}-reg.sock`, abilities: ['stages', 'tellsStats', 'expands'],
  info: { nodeId: `id-of-${node}`, volumesMost: 3, topology: { 'topology.disks.example.com/node': node } }, stats: { bytes: { available: 700, total: 1000, used: 300 }, inodes: { available: 7, total: 10, used: 3 } },
})
started.act = ({ is, ask }) => {
  console.log(is, 'target' in ask ? `${ask.target} ${ask.readOnly ? 'ro' : 'rw'} ${JSON.stringify([ask.attachment, ask.attributes])}` : 'path' in ask ? ask.path : ask.staging)
  if (is === 'stage') { mkdirSync(`/disks/${ask.volume}`, { recursive: true }); bind(`/disks/${ask.volume}`, ask.staging) }
  if (is === 'publish') bind(ask.staging === '' ? '/disks' : ask.staging, ask.target)
  if (is === 'unpublish' || is === 'unstage') busybox('umount', ask.path)
}
console.log('registered', await started.registered)
process.on('SIGTERM', () => { started.close(); process.exit(0) })
