import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, chmodSync, lstatSync, rmSync, symlinkSync, writeFileSync, cpSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { run } from '../linux/processes.ts'
import { architecture } from './platform.ts'
import { normalise } from './reference.ts'
import type { ImageSettings, ImageStore, StoredImage } from './store.ts'

/** An image declared: what it stands on, the Debian packages in it, and the files of one's own. */
export interface ImageRecipe {
  readonly reference: string
  /** 'scratch' (default), 'busybox' (a shell and its small commands, from busybox-static), or an image in the store. */
  readonly base?: string
  /** With all they depend on, except what only maintainer scripts need. No maintainer script runs. */
  readonly packages?: readonly string[]
  /** Dependencies that this image does without. */
  readonly without?: readonly string[]
  readonly files?: readonly RecipeFile[]
  readonly settings?: ImageSettings
}
export type RecipeFile =
  | { readonly path: string; readonly is: 'file'; readonly content: string | Uint8Array; readonly mode?: number }
  | { readonly path: string; readonly is: 'link'; readonly to: string }
  | { readonly path: string; readonly is: 'directory'; readonly mode?: number }

/** Where packages are kept between builds, and where work happens; `say` is told how far it is. */
export interface BuildPlace { readonly cacheDirectory: string; readonly say?: (line: string) => void }

/** Packages that only maintainer scripts or package management need. Libraries that servers link against, such as PAM's, are not among them. */
const notInImages: ReadonlySet<string> = new Set([
  'adduser', 'cdebconf', 'debconf', 'dpkg', 'init-system-helpers', 'libaudit-common', 'libpam-modules', 'libpam-modules-bin',
  'libsemanage-common', 'libsemanage2', 'libsepol2', 'lsb-base', 'passwd', 'perl-base', 'sysvinit-utils', 'tar', 'usrmerge',
])
const notUnpacked = ['doc', 'man', 'locale', 'lintian', 'bug', 'info', 'bash-completion', 'zsh'].map((name) => `--exclude=./usr/share/${name}`)
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const merged = ['bin', 'sbin', 'lib', 'lib64']
const directories = ['dev', 'etc', 'proc', 'root', 'run', 'sys', 'tmp', 'var/lib', 'var/log', 'var/tmp', 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64']
const accounts = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  group: 'root:x:0:\ndaemon:x:1:\nadm:x:4:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n',
}

/** Builds an image from Debian packages and files, the same bytes from the same packages, and names it in the store. */
export async function buildImage(recipe: ImageRecipe, store: ImageStore, place: BuildPlace): Promise<StoredImage> {
  const reference = normalise(recipe.reference)
  if (reference === undefined) throw new Error(`couldn't parse image reference "${recipe.reference}": invalid reference format`)
  mkdirSync(place.cacheDirectory, { recursive: true })
  const work = mkdtempSync(`${place.cacheDirectory}/build-`)
  try {
    const base = await baseOf(recipe.base ?? 'scratch', store, place, work)
    const root = `${work}/root`
    mkdirSync(root)
    const wanted = await closure(recipe.packages ?? [], recipe.without ?? [], place)
    if (wanted.length > 0) layOut(root)
    const archives = await download(wanted, place)
    if (archives.length > 0) place.say?.(`unpacking ${archives.length} packages`)
    for (const archive of archives) await unpackPackage(archive, root)
    for (const file of recipe.files ?? []) writeRecipeFile(root, file)
    const own = readdirSync(root).length === 0 ? [] : [await addTree(root, store, work)]
    const layers = [...base.layers, ...own.map((layer) => layer.diffId)]
    const configuration = JSON.stringify({
      created: '1970-01-01T00:00:00Z', architecture, os: 'linux',
      config: { ...base.settings, ...recipe.settings, Env: [...(base.settings.Env ?? [path]), ...(recipe.settings?.Env ?? [])] },
      rootfs: { type: 'layers', diff_ids: layers },
      history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'skiff image build' })),
    })
    return store.addImage(reference, { configuration, sizeBytes: base.sizeBytes + own.reduce((sum, layer) => sum + layer.sizeBytes, 0) })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

interface Base { readonly layers: readonly string[]; readonly settings: ImageSettings; readonly sizeBytes: number }

async function baseOf(name: string, store: ImageStore, place: BuildPlace, work: string): Promise<Base> {
  if (name === 'scratch') return { layers: [], settings: {}, sizeBytes: 0 }
  if (name !== 'busybox') {
    const image = store.find(name)
    if (image === undefined) throw new Error(`the base image "${name}" is not in the store: pull, load or build it first`)
    return { layers: image.layers, settings: image.settings, sizeBytes: image.sizeBytes }
  }
  const root = `${work}/busybox`
  mkdirSync(root)
  layOut(root)
  const [archive] = await download(await closure(['busybox-static'], [], place, true), place)
  if (archive === undefined) throw new Error('the package busybox-static was not found')
  const unpacked = `${work}/package`
  mkdirSync(unpacked)
  await unpackPackage(archive, unpacked)
  const binary = [`${unpacked}/bin/busybox`, `${unpacked}/usr/bin/busybox`].find(isThere)
  if (binary === undefined) throw new Error('the package busybox-static has no bin/busybox')
  cpSync(binary, `${root}/usr/bin/busybox`)
  chmodSync(`${root}/usr/bin/busybox`, 0o755)
  const applets = await run(binary, ['--list'])
  for (const applet of applets.stdout.split('\n').filter((line) => line !== '' && line !== 'busybox')) symlinkSync('busybox', `${root}/usr/bin/${applet}`)
  const layer = await addTree(root, store, work)
  return { layers: [layer.diffId], settings: { Env: [path], Cmd: ['sh'] }, sizeBytes: layer.sizeBytes }
}

/** The frame of a Debian root: merged /usr, the usual directories, a few accounts. */
function layOut(root: string): void {
  for (const directory of directories) mkdirSync(`${root}/${directory}`, { recursive: true })
  for (const name of merged) symlinkSync(`usr/${name}`, `${root}/${name}`)
  chmodSync(`${root}/tmp`, 0o1777)
  chmodSync(`${root}/var/tmp`, 0o1777)
  writeFileSync(`${root}/etc/passwd`, accounts.passwd)
  writeFileSync(`${root}/etc/group`, accounts.group)
  writeFileSync(`${root}/etc/nsswitch.conf`, 'hosts: files dns\n')
}

function writeRecipeFile(root: string, file: RecipeFile): void {
  const target = `${root}/${file.path.replace(/^\/+/, '')}`
  if (file.is === 'directory') {
    mkdirSync(target, { recursive: true })
    chmodSync(target, file.mode ?? 0o755)
    return
  }
  mkdirSync(dirname(target), { recursive: true })
  rmSync(target, { force: true })
  if (file.is === 'link') {
    symlinkSync(file.to, target)
    return
  }
  writeFileSync(target, file.content)
  chmodSync(target, file.mode ?? 0o644)
}

interface DebianPackage { readonly name: string; readonly version: string }

/** One list of installed packages, an empty one, at one place: or apt would read all its lists anew each time, for seconds. */
function aptOptions(place: BuildPlace): readonly string[] {
  const status = `${place.cacheDirectory}/status`
  if (!existsSync(status)) writeFileSync(status, '')
  return [
    '-o', `Dir::State::status=${status}`, '-o', `Dir::Cache::pkgcache=${place.cacheDirectory}/packages.bin`, '-o', 'Dir::Cache::srcpkgcache=',
    '-o', `Dir::Cache::archives=${place.cacheDirectory}`, '-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root',
  ]
}

/** What `packages` need on a machine that has nothing, as apt sees it with an empty list of installed packages. */
async function closure(packages: readonly string[], without: readonly string[], place: BuildPlace, alone = false): Promise<readonly DebianPackage[]> {
  if (packages.length === 0) return []
  const resolve = () => run('apt-get', [...aptOptions(place), '-o', 'APT::Install-Recommends=0', 'install', '-s', '-y', ...packages])
  let result = await resolve()
  if (result.code !== 0 && process.getuid?.() === 0) {
    // A fresh machine has no package lists yet, and old ones may name what is not there any more.
    place.say?.('updating the package lists')
    if ((await run('apt-get', ['-q', 'update'])).code === 0) result = await resolve()
  }
  if (result.code !== 0) throw new Error(`apt-get cannot resolve ${packages.join(' ')}: ${lastLine(result.stderr)}`)
  const all = [...result.stdout.matchAll(/^Inst (\S+) \((\S+)/gm)].flatMap(([, name, version]) => (name === undefined || version === undefined ? [] : [{ name, version }]))
  const named = new Set(packages)
  const dropped = new Set(without)
  // Perl's interpreter is in perl-base: whoever has its library, has it to run programs.
  const hasPerl = !dropped.has('perl') && all.some(({ name }) => name === 'perl')
  const isNeeded = (name: string): boolean => !notInImages.has(name) || (hasPerl && name === 'perl-base')
  return all.filter(({ name }) => named.has(name) || (!alone && isNeeded(name) && !dropped.has(name)))
}

async function download(packages: readonly DebianPackage[], place: BuildPlace): Promise<readonly string[]> {
  const archiveOf = (wanted: DebianPackage): string | undefined => {
    const start = `${wanted.name}_${wanted.version.replaceAll(':', '%3a')}_`
    const file = readdirSync(place.cacheDirectory).find((name) => name.startsWith(start) && name.endsWith('.deb'))
    return file === undefined ? undefined : `${place.cacheDirectory}/${file}`
  }
  const missing = packages.filter((wanted) => archiveOf(wanted) === undefined)
  if (missing.length > 0) {
    place.say?.(`downloading ${missing.length === 1 ? missing[0]?.name : `${missing.length} packages`}`)
    const result = await run('apt-get', [...aptOptions(place), '-q', 'download', ...missing.map(({ name, version }) => `${name}=${version}`)], { directory: place.cacheDirectory })
    if (result.code !== 0) throw new Error(`apt-get cannot download ${missing.map(({ name }) => name).join(' ')}: ${lastLine(result.stderr)}`)
  }
  return packages.map((wanted) => {
    const archive = archiveOf(wanted)
    if (archive === undefined) throw new Error(`apt-get downloaded no archive of ${wanted.name} ${wanted.version}`)
    return archive
  })
}

function unpackPackage(archive: string, root: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = spawn('dpkg-deb', ['--fsys-tarfile', archive], { stdio: ['ignore', 'pipe', 'ignore'] })
    const writer = spawn('tar', ['-x', '-p', '--keep-directory-symlink', '-C', root, ...notUnpacked], { stdio: [reader.stdout, 'ignore', 'pipe'] })
    let complaint = ''
    writer.stderr?.setEncoding('utf8').on('data', (text: string) => { complaint += text })
    for (const child of [reader, writer]) child.on('error', reject)
    writer.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`cannot unpack ${archive}: ${lastLine(complaint)}`))))
  })
}

/** Packs a tree so that the same files give the same bytes, and adds it as a layer. */
async function addTree(root: string, store: ImageStore, work: string): Promise<{ readonly diffId: string; readonly sizeBytes: number }> {
  const archive = `${work}/layer.tar`
  const packed = await run('tar', ['--sort=name', '--mtime=@0', '--numeric-owner', '--owner=0', '--group=0', '--format=gnu', '-C', root, '-cf', archive, '.'])
  if (packed.code !== 0) throw new Error(`cannot pack the layer: ${lastLine(packed.stderr)}`)
  const diffId = await store.addLayer(createReadStream(archive), undefined)
  return { diffId, sizeBytes: lstatSync(archive).size }
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
