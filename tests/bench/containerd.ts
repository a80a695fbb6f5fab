// The peer of real pods: containerd, told through the CRI as a kubelet tells it, in the same namespaces and from the same image.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Playground } from '../e2e/playground.ts'
import { openImageStore } from '../../packages/host/images/index.ts'

const program = '/usr/bin/containerd'
const plugins = '/usr/lib/cni'

/** Why containerd can't be measured beside; undefined when it can. */
export const whyNoContainerd = (): string | undefined => (existsSync(program) && existsSync(join(plugins, 'ptp')) ? undefined : 'needs the Debian packages containerd and containernetworking-plugins')

/** How long single pods took from nothing to a started container, and so many at once, in milliseconds. */
export interface CriTimes { readonly each: readonly number[]; readonly togetherMs: number }

/** Starts a containerd of our own, gives it an image of the store, and makes pods by it. */
export function measureContainerd(ground: Playground, image: string, oneByOne: number, together: number): CriTimes {
  const folder = join(ground.folder, 'containerd')
  const socket = join(folder, 'containerd.sock')
  mkdirSync(join(folder, 'net.d'), { recursive: true })
  writeFileSync(join(folder, 'net.d/10-ptp.conflist'), JSON.stringify({ cniVersion: '0.4.0', name: 'bench', plugins: [{ type: 'ptp', ipMasq: false, ipam: { type: 'host-local', dataDir: join(folder, 'addresses'), subnet: '10.85.0.0/16', routes: [{ dst: '0.0.0.0/0' }] } }] }))
  writeFileSync(join(folder, 'config.toml'), configuration(folder, socket, image))
  const daemon = ground.start(['sh', '-c', `umount /sys/fs/cgroup/unified 2> /dev/null; exec ${program} --config ${folder}/config.toml`])
  try {
    const client = ['ctr', '--address', socket, '--namespace', 'k8s.io']
    for (let tries = 0; tries < 100 && ground.run([...client, 'version']).code !== 0; tries++) ground.run(['sleep', '0.1'])
    const archive = exported(ground, image)
    const imported = ground.run([...client, 'images', 'import', archive])
    if (imported.code !== 0) throw new Error(imported.err)
    const made = ground.run([process.execPath, join(import.meta.dirname, 'cri.child.ts'), socket, image, folder, String(oneByOne), String(together)], { timeoutMs: 300_000 })
    if (made.code !== 0) throw new Error(made.err)
    return JSON.parse(made.out) as CriTimes
  } finally { daemon.kill('SIGTERM') }
}

/** Without what this machine may not have: AppArmor, hugepages' control group, lower scores for the killer of memory. */
const configuration = (folder: string, socket: string, image: string): string => `version = 2
root = "${folder}/root"
state = "${folder}/state"
oom_score = 0
[grpc]
  address = "${socket}"
[debug]
  level = "error"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${image}"
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  disable_tcp_service = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${folder}/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "crun"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun.options]
        BinaryName = "/usr/bin/crun"
`

/** The image as `docker save` would write it. Its entrypoint waits: it is the sandbox's too. */
function exported(ground: Playground, reference: string): string {
  const store = openImageStore(join(ground.dataDir, 'agent/images'))
  const image = store.find(reference)
  if (image === undefined) throw new Error(`there is no image ${reference}`)
  const folder = join(ground.folder, 'exported')
  mkdirSync(folder, { recursive: true })
  // One layer holds all: what was unpacked here need not have the digests that it came with.
  const [top = ''] = store.layerDirectories(image)
  const packed = ground.run(['sh', '-c', `tar -C ${top} -cf ${folder}/layer.tar . && sha256sum ${folder}/layer.tar`])
  if (packed.code !== 0) throw new Error(packed.err)
  const configuration = JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Env: ['PATH=/usr/bin:/bin'], Cmd: ['sleep', '100000'] }, rootfs: { type: 'layers', diff_ids: [`sha256:${packed.out.split(' ')[0] ?? ''}`] } })
  const name = `${createHash('sha256').update(configuration).digest('hex')}.json`
  writeFileSync(join(folder, name), configuration)
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify([{ Config: name, RepoTags: [reference], Layers: ['layer.tar'] }]))
  const archive = join(ground.folder, 'exported.tar')
  const done = ground.run(['tar', '-C', folder, '-cf', archive, '.'])
  if (done.code !== 0) throw new Error(done.err)
  return archive
}
