import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import { dataDirectory, makeDataDirectory } from '../daemon/directory.ts'
import { readJoined } from '../daemon/joined-file.ts'
import type { ImageRecipe, ImageStore } from '../images/index.ts'
import { readSettings } from '../daemon/settings.ts'
import { endKeeper, findKeeper, follow, isOrdinaryUser, reducedGround, reducedMode, startInside, theKeeper, whyNotReduced } from '../reduced/index.ts'
import { parse, textOf, UsageError } from './arguments.ts'
import { commandName } from './name.ts'
import { progressBar } from './progress.ts'

const usage = `usage: skiff image build NAME --package DEBIAN-PACKAGE… [--base busybox|IMAGE] [--entrypoint WORD…] [--cmd WORD…]
       skiff image build NAME -f RECIPE.json      a recipe: packages, base, files, settings
       skiff image load FILE [NAME]               an OCI layout (directory or tar) or a docker archive
       skiff image pull NAME [--username USER --password-stdin]   by default with what docker or podman have signed in
       skiff image ls
       skiff image rm NAME…
`
const options = {
  'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' }, file: { type: 'string', short: 'f' }, package: { type: 'string', multiple: true },
  base: { type: 'string' }, entrypoint: { type: 'string', multiple: true }, cmd: { type: 'string', multiple: true }, env: { type: 'string', multiple: true },
  username: { type: 'string' }, 'password-stdin': { type: 'boolean' },
} as const
/** What each takes. */
const verbs: ReadonlyMap<string, string | undefined> = new Map([['build', 'one name'], ['load', 'a file'], ['pull', 'at least one name'], ['ls', undefined], ['rm', 'at least one name']])

/** `skiff image`: the images of this machine's real nodes. */
export async function image(words: readonly string[]): Promise<number> {
  const { values, positionals: [verb, ...names] } = parse(words, options)
  if (values.help === true || verb === undefined) { process.stdout.write(usage); return values.help === true ? 0 : 2 }
  if (!verbs.has(verb)) throw new UsageError(`there is no 'skiff image ${verb}': expected one of ${[...verbs.keys()].join(', ')}`)
  const takes = verbs.get(verb)
  // Before a directory is made for what is no command.
  if (takes !== undefined && names.length === 0) throw new UsageError(`'skiff image ${verb}' takes ${takes}`)
  if (verb === 'ls' && names[0] !== undefined) throw new UsageError(`'skiff image ls' takes nothing more, not '${names[0]}'`)
  const recipe = verb === 'build' ? recipeOf(names, values) : undefined
  const directory = dataDirectory(values['data-dir'])
  makeDataDirectory(directory)
  // Files of images belong to many users: an ordinary user has those in namespaces of his own. The network is the machine's.
  if (reducedMode() === undefined && isOrdinaryUser() && whyNotReduced(reducedGround()) === undefined) {
    const before = findKeeper(directory.keeper)
    const keeper = before ?? await theKeeper(directory.keeper)
    const code = await follow(startInside({ keeper, words: ['image', ...words], directory: directory.root, network: false }))
    if (before === undefined) endKeeper(directory.keeper, keeper)
    return code
  }
  const images = await import('../images/index.ts')
  const store = images.openImageStore(join(directory.agent, 'images'))
  switch (verb) {
    case 'build': {
      if (recipe === undefined) throw new UsageError(usage)
      console.error(`building ${recipe.reference} from ${[recipe.base, ...(recipe.packages ?? [])].filter((part) => part !== undefined).join(', ')}`)
      const built = await images.buildImage(recipe, store, { cacheDirectory: join(directory.agent, 'packages'), say: (line) => { console.error(`  ${line}`) } })
      console.log(`built ${recipe.reference} (${megabytes(built.sizeBytes)}, ${built.id.slice(0, 19)})`)
      return 0
    }
    case 'load': {
      const [file = '', name] = names
      if (!existsSync(file)) throw new UsageError(`there is no file ${file}`)
      for (const loaded of await images.loadImages(file, store, name)) console.log(`loaded ${loaded.reference} (${megabytes(loaded.image.sizeBytes)})`)
      return 0
    }
    case 'pull': {
      const account = accountOf(values)
      const joined = readJoined(directory)
      const registries = joined === undefined ? readSettings(directory.settings)?.registries : joined.own.registries ?? joined.cluster.registries
      for (const name of names) {
        console.error(`pulling ${name}`)
        const bar = progressBar(process.stderr)
        const registry = images.parseReference(name)?.domain ?? ''
        const credentials = account !== undefined ? [{ registry, ...account }] : await images.credentialsFromFiles(registry).catch((error: unknown) => { throw new UsageError(wordsOf(error)) })
        const answer = await images.pullImage(name, store, { ...registries, credentials }, bar.step)
        bar.end()
        if (answer.is === 'failed') {
          // Events of pods say it in a container runtime's words; a person at the keyboard needs the last of them.
          console.error(`skiff: ${answer.message.replace(/^rpc error: code = \w+ desc = /, '')}\n  where no registry can be reached, images are built ('${commandName} image build') or loaded ('${commandName} image load')`)
          return 1
        }
        console.log(`pulled ${name} (${megabytes(answer.image.sizeBytes)})`)
      }
      return 0
    }
    case 'ls': list(store); return 0
    case 'rm': {
      let missing = 0
      const { imagesNotedInUse } = await import('../oci/images-in-use.ts')
      for (const name of names) {
        const { removed } = await store.remove(name, imagesNotedInUse(directory.agent, store))
        if (removed.length === 0) { console.error(`skiff: there is no image ${name}`); missing++ }
        for (const one of removed) console.log(`removed ${one}`)
      }
      return missing > 0 ? 1 : 0
    }
    default: throw new UsageError(usage)
  }
}

/** Who signs in. A password is read and never an argument: all the machine may read those. */
function accountOf(values: { readonly username?: string | undefined; readonly 'password-stdin'?: boolean | undefined }): { readonly username: string; readonly password: string } | undefined {
  const { username, 'password-stdin': fromStdin } = values
  if ((username === undefined) !== (fromStdin !== true)) throw new UsageError('--username and --password-stdin go together')
  return username === undefined ? undefined : { username, password: readFileSync(0, 'utf8').replace(/\r?\n$/, '') }
}

function recipeOf([reference, ...rest]: readonly string[], values: { readonly file?: string | undefined; readonly package?: string[] | undefined; readonly base?: string | undefined; readonly entrypoint?: string[] | undefined; readonly cmd?: string[] | undefined; readonly env?: string[] | undefined }): ImageRecipe {
  if (reference === undefined || rest.length > 0) throw new UsageError("'skiff image build' takes one name")
  if (values.file !== undefined) {
    const recipe = jsonOf(values.file)
    if (typeof recipe !== 'object' || recipe === null) throw new UsageError(`${values.file} holds no recipe: expected an object with packages, base, files or settings`)
    return { ...recipe, reference }
  }
  const packages = values.package ?? []
  // busybox-static alone is a shell and its small commands: the base that links them all.
  if (packages.length === 0 && values.base === undefined) throw new UsageError("'skiff image build' takes what the image is made of: --package, --base or -f RECIPE.json")
  const base = values.base ?? (packages.includes('busybox-static') ? 'busybox' : undefined)
  return {
    reference, packages: packages.filter((name) => !(base === 'busybox' && name === 'busybox-static')),
    ...(base !== undefined && { base }),
    settings: { ...(values.entrypoint !== undefined && { Entrypoint: values.entrypoint }), ...(values.cmd !== undefined && { Cmd: values.cmd }), ...(values.env !== undefined && { Env: values.env }) },
  }
}

function jsonOf(file: string): unknown {
  try { return JSON.parse(textOf(file)) } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${file} is not JSON: ${error.message}`)
    throw error
  }
}

function list(store: ImageStore): void {
  const rows = store.list().map(({ reference, image }) => [reference, image.id.slice(7, 19), megabytes(image.sizeBytes)])
  const width = Math.max(5, ...rows.map(([name = '']) => name.length))
  console.log(`${'IMAGE'.padEnd(width)}  ID            SIZE`)
  for (const [name = '', id = '', size = ''] of rows) console.log(`${name.padEnd(width)}  ${id}  ${size}`)
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
