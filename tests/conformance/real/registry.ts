// A registry on the loopback that holds one image: what a story wants to be pulled.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const sha = (bytes: Uint8Array | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Serves an image of these files while `use` runs: its reference, and what was asked for. */
export async function withRegistry(files: Readonly<Record<string, string>>, use: (reference: string, asked: readonly string[]) => Promise<void>): Promise<void> {
  const layer = archive(files)
  const configuration = JSON.stringify({ architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [sha(layer)] } })
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2, mediaType: type, config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha(configuration), size: configuration.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha(layer), size: layer.length }],
  })
  const blobs = new Map<string, Uint8Array | string>([[sha(layer), layer], [sha(configuration), configuration]])
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(`${request.method ?? ''} ${path}`)
    const last = path.split('/').at(-1) ?? ''
    if (path === '/v2/') response.writeHead(200).end()
    else if (path.includes('/manifests/')) response.writeHead(200, { 'content-type': type, 'docker-content-digest': sha(manifest), 'content-length': manifest.length }).end(request.method === 'HEAD' ? undefined : manifest)
    else if (blobs.has(last)) response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(blobs.get(last))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  try {
    await use(`127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/team/artifact:1`, asked)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

function archive(files: Readonly<Record<string, string>>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-registry-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    return execFileSync('tar', ['--sort=name', '--mtime=@0', '--numeric-owner', '--owner=0', '--group=0', '-C', folder, '-cf', '-', '.'])
  } finally { rmSync(folder, { recursive: true, force: true }) }
}
