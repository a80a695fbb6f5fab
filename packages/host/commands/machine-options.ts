// Options that say how a machine plays its nodes, of 'skiff up' and 'skiff join'.
import { existsSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { hostFilesChoices, type Registries } from '../agent/configuration.ts'
import { asCluster, type AskedChoices } from '../daemon/machine-choices.ts'
import { isHandler, type NetworkChoice, networkChoices } from '../daemon/settings.ts'
import { find } from '../linux/probe.ts'
import { choice, UsageError } from './arguments.ts'
import { kubeletSettingsIn } from './kubelet-file.ts'

export const registryOptions = { mirror: { type: 'string', multiple: true }, 'insecure-registry': { type: 'string', multiple: true } } as const
export const machineOptions = { ...registryOptions, 'host-files': { type: 'string' }, network: { type: 'string' }, 'cni-conf-dir': { type: 'string' }, 'cni-bin-dir': { type: 'string' }, 'runtime-handler': { type: 'string', multiple: true }, 'kubelet-config': { type: 'string' } } as const
type Texts<Options> = { readonly [Option in keyof Options]?: (Options[Option] extends { readonly multiple: true } ? readonly string[] : string) | undefined }

/** What is said of a machine that joined another's cluster; 'cluster', or '' where names are given, has it follow that again. */
export function askedChoices(values: Texts<typeof machineOptions>): AskedChoices {
  const hostFiles = choice('--host-files', values['host-files'], [...hostFilesChoices, asCluster])
  const network = values.network === asCluster && values['cni-conf-dir'] === undefined && values['cni-bin-dir'] === undefined ? asCluster : networkChoice(values)
  const file = values['kubelet-config']
  const registries = registriesChoice(values, undefined)
  const runtimeHandlers = handlersChoice(values['runtime-handler'])
  return {
    ...(hostFiles !== undefined && { hostFiles }), ...(network !== undefined && { network }), ...(file !== undefined && { kubelet: file === '' ? asCluster : kubeletSettingsIn(file) }),
    ...(registries !== undefined && { registries: Object.keys(registries).length === 0 ? asCluster : registries }),
    ...(runtimeHandlers !== undefined && { runtimeHandlers: Object.keys(runtimeHandlers).length === 0 ? asCluster : runtimeHandlers }),
  }
}

/** What was said of pods' network; a folder that is named means plugins. */
export function networkChoice(values: Texts<Pick<typeof machineOptions, 'network' | 'cni-conf-dir' | 'cni-bin-dir'>>): NetworkChoice | undefined {
  const { 'cni-conf-dir': configurations, 'cni-bin-dir': plugins } = values
  const network = choice('--network', values.network, networkChoices)
  const named = configurations ?? plugins
  if (network === 'built-in' && named !== undefined) throw new UsageError('--cni-conf-dir and --cni-bin-dir are for --network cni')
  if (network === undefined && named === undefined) return undefined
  if (network === 'built-in') return { is: 'built-in' }
  return { is: 'cni', ...(configurations !== undefined && { configurations: resolve(configurations) }), ...(plugins !== undefined && { plugins: plugins.split(delimiter).map((folder) => resolve(folder)) }) }
}

/** 'gvisor=/usr/local/bin/runsc' each, programs by their paths; '' names none. Undefined: nothing was said. */
export function handlersChoice(texts: readonly string[] | undefined): Readonly<Record<string, string>> | undefined {
  if (texts === undefined) return undefined
  return Object.fromEntries(texts.filter((text) => text !== '').map((text) => {
    const [name = '', program = ''] = [text.slice(0, Math.max(0, text.indexOf('='))), text.slice(text.indexOf('=') + 1)]
    if (!isHandler(name) || program === '') throw new UsageError(`--runtime-handler takes a handler and its program, like gvisor=/usr/local/bin/runsc, not '${text}'`)
    const path = program.includes('/') ? resolve(program) : find(program)
    if (path === undefined || !existsSync(path)) throw new UsageError(`--runtime-handler ${name}: there is no program ${program} on this machine`)
    return [name, path]
  }))
}

/** Mirrors and registries by plain HTTP as they are with what is said now, which takes the place of all of its sort; '' names none. Undefined: nothing was said. */
export function registriesChoice(values: Texts<typeof registryOptions>, before: Registries | undefined): Registries | undefined {
  if (values.mirror === undefined && values['insecure-registry'] === undefined) return before
  const insecure = values['insecure-registry']?.filter((host) => host !== '') ?? before?.insecure ?? []
  const mirrors = values.mirror === undefined ? before?.mirrors ?? {} : mirrorsIn(values.mirror.filter((text) => text !== ''))
  return { ...(Object.keys(mirrors).length > 0 && { mirrors }), ...(insecure.length > 0 && { insecure }) }
}

/** 'docker.io=https://mirror.example' each: several of one registry are asked in their order. */
function mirrorsIn(texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const mirrors: Record<string, string[]> = {}
  for (const text of texts) {
    const [registry = '', url = ''] = [text.slice(0, Math.max(0, text.indexOf('='))), text.slice(text.indexOf('=') + 1)]
    // The value is not shown: there may be a password in it.
    if (registry === '' || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new UsageError('--mirror takes a registry and its mirror, like docker.io=https://mirror.example.com')
    mirrors[registry] = [...mirrors[registry] ?? [], url.replace(/\/$/, '')]
  }
  return mirrors
}
