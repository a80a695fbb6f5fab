import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { linkSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { loadImages } from './load.ts'
import { pullImage } from './pull.ts'
import { openImageStore } from './store.ts'
import { serve, sha, skip } from './testing.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-images-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

/** Two layers: the second removes a file, hides a directory's content, and changes a third. */
function layers(): readonly Buffer[] {
  const pack = (name: string, make: (directory: string) => void): Buffer => {
    const directory = `${work}/${name}`
    mkdirSync(directory)
    make(directory)
    return execFileSync('tar', ['--sort=name', '--mtime=@0', '--numeric-owner', '--owner=7', '--group=8', '-C', directory, '-cf', '-', '.'])
  }
  return [
    pack('lower', (at) => {
      writeFileSync(`${at}/gone`, 'x')
      writeFileSync(`${at}/kept`, 'kept', { mode: 0o4755 })
      linkSync(`${at}/kept`, `${at}/linked`)
      mkdirSync(`${at}/dir`)
      writeFileSync(`${at}/dir/old`, 'x')
      symlinkSync('/etc/passwd', `${at}/link`)
    }),
    pack('upper', (at) => {
      writeFileSync(`${at}/.wh.gone`, '')
      mkdirSync(`${at}/dir`)
      writeFileSync(`${at}/dir/.wh..wh..opq`, '')
      writeFileSync(`${at}/dir/new`, 'new')
    }),
  ]
}

interface Image { readonly blobs: ReadonlyMap<string, Buffer>; readonly manifest: Buffer; readonly index: Buffer; readonly configuration: string; readonly diffIds: readonly string[] }

function image(): Image {
  const [lower, upper] = built
  const configuration = JSON.stringify({ architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: { Cmd: ['sh'], Env: ['A=b'] }, rootfs: { type: 'layers', diff_ids: [sha(lower), sha(upper)] } })
  const packed = [{ type: 'gzip', bytes: gzipSync(lower) }, { type: 'zstd', bytes: zstdCompressSync(upper) }]
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha(configuration), size: configuration.length },
    layers: packed.map(({ type, bytes }) => ({ mediaType: `application/vnd.oci.image.layer.v1.tar+${type}`, digest: sha(bytes), size: bytes.length })),
  }))
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [
    { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha('other'), size: 1, platform: { os: 'linux', architecture: 's390x' } },
    { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha(manifest), size: manifest.length, platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch } },
  ] }))
  const blobs = new Map([[sha(configuration), Buffer.from(configuration)], [sha(manifest), manifest], ...packed.map(({ bytes }): [string, Buffer] => [sha(bytes), bytes])])
  return { blobs, manifest, index, configuration, diffIds: [sha(lower), sha(upper)] }
}

const [lowerLayer = Buffer.alloc(0), upperLayer = Buffer.alloc(0)] = skip === false ? layers() : []
const built: readonly [Buffer, Buffer] = [lowerLayer, upperLayer]

/** A registry on the loopback that wants a token, and serves `blobs`. */
async function registry(served: Image, spoil: (digest: string, bytes: Buffer) => Buffer = (_digest, bytes) => bytes): Promise<{ readonly name: string; readonly asked: readonly string[] }> {
  const asked: string[] = []
  const name = await serve((request, response) => {
    asked.push(request.url ?? '')
    const url = new URL(request.url ?? '', 'http://x')
    if (url.pathname === '/token') {
      const known = request.headers.authorization === `Basic ${Buffer.from('me:secret').toString('base64')}`
      response.writeHead(known ? 200 : 401).end(JSON.stringify({ token: `for ${url.searchParams.get('scope')}` }))
    } else if (request.headers.authorization !== 'Bearer for repository:team/app:pull') {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="test",scope="repository:team/app:pull"` }).end()
    } else {
      const [, kind, wanted] = /^\/v2\/team\/app\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? []
      const bytes = kind === 'manifests' && wanted === 'v1' ? served.index : served.blobs.get(wanted ?? '')
      if (bytes === undefined) response.writeHead(404).end()
      else response.writeHead(200).end(spoil(wanted ?? '', bytes))
    }
  })
  return { name, asked }
}

const credentials = (name: string): { readonly credentials: readonly { readonly registry: string; readonly username: string; readonly password: string }[] } => ({ credentials: [{ registry: name, username: 'me', password: 'secret' }] })

test('an image is pulled for this platform, signed in, checked, and unpacked with its whiteouts', { skip }, async () => {
  const served = image()
  const { name, asked } = await registry(served)
  const store = openImageStore(`${work}/store`)
  const answer = await pullImage(`${name}/team/app:v1`, store, credentials(name))
  assert.equal(answer.is, 'pulled', JSON.stringify(answer))
  const found = store.find(`${name}/team/app:v1`)
  assert.deepEqual([found?.id, found?.digest, found?.settings, found?.layers], [sha(served.configuration), `${name}/team/app@${sha(served.index)}`, { Cmd: ['sh'], Env: ['A=b'] }, served.diffIds])
  assert.ok(found)
  const [top = '', bottom = ''] = store.layerDirectories(found)
  const kept = statSync(`${bottom}/kept`)
  assert.deepEqual([kept.mode & 0o7777, kept.uid, kept.gid, kept.nlink, readFileSync(`${bottom}/linked`, 'utf8'), lstatSync(`${bottom}/link`).isSymbolicLink()], [0o4755, 7, 8, 2, 'kept', true])
  assert.deepEqual([lstatSync(`${top}/gone`).isCharacterDevice(), lstatSync(`${top}/gone`).rdev, lstatSync(`${top}/dir/.wh..wh..opq`, { throwIfNoEntry: false })], [true, 0, undefined])
  const before = asked.length
  await pullImage(`${name}/team/app:v1`, store, credentials(name))
  assert.equal(asked.slice(before).filter((url) => served.blobs.has(url.split('/').at(-1) ?? '') && url.includes('/blobs/')).length, 1) // The configuration; layers are here.
  const removed = await store.remove(`${name}/team/app:v1`, new Set())
  assert.deepEqual([removed.removed, removed.freedBytes, store.list()], [[`${name}/team/app:v1`], lowerLayer.length + upperLayer.length, []])
})

test('a pull that fails says why, as containerd does', { skip }, async () => {
  const served = image()
  const { name } = await registry(served, (digest, bytes) => (digest === sha(gzipSync(lowerLayer)) ? Buffer.concat([bytes, Buffer.from('x')]) : bytes))
  const store = openImageStore(`${work}/store2`)
  const message = async (image: string, options = {}): Promise<string> => {
    const answer = await pullImage(image, store, options)
    return answer.is === 'failed' ? `${answer.reason}: ${answer.message}` : 'pulled'
  }
  assert.equal(await message('UPPER'), `InvalidImageName: Failed to apply default image tag "UPPER": couldn't parse image name "UPPER": invalid reference format`)
  assert.equal(await message(`${name}/team/app:v2`, credentials(name)), `ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "${name}/team/app:v2": failed to resolve reference "${name}/team/app:v2": ${name}/team/app:v2: not found`)
  assert.match(await message(`${name}/team/app:v1`), /failed to resolve reference .*: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to .*: 401 Unauthorized$/)
  assert.match(await message(`${name}/team/app:v1`, credentials(name)), /^ErrImagePull: rpc error: code = Unknown desc = failed to pull and unpack image/)
  assert.equal(store.find(`${name}/team/app:v1`), undefined)
})

test('images are loaded from an OCI layout and from a docker archive', { skip }, async () => {
  const served = image()
  const layout = `${work}/layout`
  mkdirSync(`${layout}/blobs/sha256`, { recursive: true })
  for (const [digest, bytes] of served.blobs) writeFileSync(`${layout}/blobs/sha256/${digest.slice(7)}`, bytes)
  writeFileSync(`${layout}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [{ digest: sha(served.manifest), size: served.manifest.length, annotations: { 'org.opencontainers.image.ref.name': 'app:1' } }] }))
  const docker = `${work}/docker`
  mkdirSync(docker)
  writeFileSync(`${docker}/config.json`, served.configuration)
  built.forEach((bytes, index) => writeFileSync(`${docker}/${index}.tar`, bytes))
  writeFileSync(`${docker}/manifest.json`, JSON.stringify([{ Config: 'config.json', RepoTags: ['app:2'], Layers: ['0.tar', '1.tar'] }]))
  execFileSync('tar', ['-C', docker, '-cf', `${work}/docker.tar`, '.'])
  const store = openImageStore(`${work}/store3`)
  assert.deepEqual((await loadImages(layout, store)).map((one) => one.reference), ['docker.io/library/app:1'])
  assert.deepEqual((await loadImages(`${work}/docker.tar`, store)).map((one) => one.reference), ['docker.io/library/app:2'])
  assert.deepEqual(store.list().map(({ reference, image: { id } }) => [reference, id]), [['docker.io/library/app:1', sha(served.configuration)], ['docker.io/library/app:2', sha(served.configuration)]])
  await assert.rejects(loadImages(docker, store, 'Bad Name'), { message: `couldn't parse image reference "Bad Name": invalid reference format` })
})
