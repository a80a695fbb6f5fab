import { existsSync, readFileSync } from 'node:fs'
import { type PaceName, paceNames } from '@kubeskiff/core/kubelet'
import { writePrivately } from '../files/index.ts'
import { isIPv4, isIPv6 } from 'node:net'
import { type Fields, isRecord } from '@kubeskiff/core/api/text'
import { wordsOf } from '@kubeskiff/core/base'
import { type AddressFamilies, type DevicesByDriver, readFamilies } from '@kubeskiff/core/rules'
import { type HostFilesChoice, hostFilesChoices, type Registries } from '../agent/configuration.ts'
import { type CniFolders, cniFoldersDefault } from '../cni/index.ts'
import { type OverlayChoice, overlayChoices } from '../network/machines.ts'
import { kubeletFault, type KubeletSettings } from '../agent/kubelet-settings.ts'
import type { AccessFiles } from './access-files.ts'

/** One node of the cluster, as the user asked for it. Real ones are played by this machine's agent. */
export interface NodeSettings {
  readonly name: string
  readonly simulated: boolean
  /** Its place among the nodes of its sort: its addresses follow from it, for as long as it lives. */
  readonly index: number
  /** Quantities; for real nodes what the machine has. */
  readonly cpu: string
  readonly memory: string
  readonly pods: number
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[]
  /** Of simulated nodes: extended resources, and storage when it is not the usual. */
  readonly resources?: Readonly<Record<string, string>>
  readonly storage?: string
  /** Of simulated nodes: devices by driver. */
  readonly devices?: DevicesByDriver
}

/** What a cluster remembers between runs besides its objects. */
export interface Settings {
  readonly version: 1
  readonly port: number
  /** Who reaches the API besides pods: this machine alone ('loopback'), unless it is asked to listen on all of its addresses ('everywhere') or on this one. Where others reach it machines may join. */
  readonly listen?: string
  /** How pods on several machines reach each other: in UDP packets, unless it is said. */
  readonly overlay?: OverlayChoice
  readonly nodes: readonly NodeSettings[]
  /** The families of addresses, the first one first; IPv4 when it is not said. A cluster keeps those it was made with. */
  readonly ipFamilies?: AddressFamilies
  /** How long pods on simulated nodes take to start and stop: natural, so that it can be watched, unless it is said. */
  readonly pace?: PaceName
  /** What pods of real nodes see by hostPath: an overlay over the machine's files for each node, unless it shall be those themselves. */
  readonly hostFiles?: HostFilesChoice
  /** Who makes the interfaces of pods on real nodes: we, unless CNI plugins shall. */
  readonly network?: NetworkChoice
  /** What is said of the kubelets of real nodes, as fields of a KubeletConfiguration. */
  readonly kubelet?: KubeletSettings
  /** Where images are asked for first, by registry ('docker.io': ['https://mirror.example']), and which registries speak plain HTTP. */
  readonly registries?: Registries
  /** Programs that run containers besides crun and runc, by the handlers that RuntimeClasses name: paths on this machine. */
  readonly runtimeHandlers?: Readonly<Record<string, string>>
  /** Files that say who signs in and what is written down. */
  readonly access?: AccessFiles
  /** The first workload was brought up once: never again by itself. */
  readonly welcomed: boolean
}

/** Folders that are not named are the usual ones. */
export type NetworkChoice = { readonly is: 'built-in' } | ({ readonly is: 'cni' } & Partial<CniFolders>)
export const networkChoices = ['built-in', 'cni'] as const
export const cniFolders = ({ configurations, plugins }: Partial<CniFolders>): CniFolders => ({ configurations: configurations ?? cniFoldersDefault.configurations, plugins: plugins ?? cniFoldersDefault.plugins })

export const portDefault = 6443

/** The settings in a file; undefined when there is none yet. Throws, naming the file, when it can't be understood. */
export function readSettings(file: string): Settings | undefined {
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  let value: unknown
  try { value = JSON.parse(text) } catch (error) { throw new Error(`${file} is not JSON (${wordsOf(error)}): restore it, or remove it to start with default settings`) }
  if (!isRecord(value) || value['version'] !== 1) throw new Error(`${file} was not written by this version of skiff: expected version 1`)
  const wrong = firstWrong(value)
  if (wrong !== undefined) throw new Error(`${file}: ${wrong}: mend it, or remove it to start with default settings`)
  return value as unknown as Settings
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isRegistries = (value: unknown): boolean => value === undefined || (isRecord(value) && Object.keys(value).every((field) => field === 'mirrors' || field === 'insecure')
  && (value['mirrors'] === undefined || (isRecord(value['mirrors']) && Object.values(value['mirrors']).every((urls) => isTexts(urls) && (urls as readonly string[]).every((url) => URL.canParse(url)))))
  && (value['insecure'] === undefined || isTexts(value['insecure'])))

const isNetwork = (value: unknown): boolean => value === undefined || (isRecord(value) && networkChoices.some((name) => name === value['is'])
  && (value['configurations'] === undefined || isText(value['configurations'])) && (value['plugins'] === undefined || isTexts(value['plugins'])))
/** Whether a RuntimeClass can name a handler so. */
export const isHandler = (name: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)
/** Whether this says where to listen. */
export const isListening = (value: unknown): boolean => value === 'loopback' || value === 'everywhere' || (typeof value === 'string' && ((isIPv4(value) && value !== '0.0.0.0') || (isIPv6(value) && !/^fe80:|%|^::1?$/i.test(value))))

type Shape = Readonly<Record<string, readonly [string, (value: unknown) => boolean]>>
const settingsShape: Shape = {
  port: ['a port', (value) => isCount(value) && Number(value) > 0 && Number(value) < 65_536],
  nodes: ['a list of nodes', Array.isArray], welcomed: ['true or false', (value) => typeof value === 'boolean'],
  ipFamilies: ['["IPv4"], ["IPv6"], or both in their order,', (value) => value === undefined || (isTexts(value) && readFamilies(value as readonly string[]) !== undefined)],
  pace: [paceNames.join(' or '), (value) => value === undefined || paceNames.some((name) => name === value)],
  listen: ["loopback, everywhere or an address of this machine", (value) => value === undefined || isListening(value)],
  overlay: [overlayChoices.join(' or '), (value) => value === undefined || overlayChoices.some((name) => name === value)],
  hostFiles: [hostFilesChoices.join(' or '), (value) => value === undefined || hostFilesChoices.some((name) => name === value)],
  network: [`{"is": ${networkChoices.map((name) => JSON.stringify(name)).join(' or ')}}, the latter with configurations (a folder) and plugins (folders)`, isNetwork],
  runtimeHandlers: ['paths of programs by handler', (value) => value === undefined || (isRecord(value) && Object.entries(value).every(([name, program]) => isHandler(name) && isText(program)))],
  registries: ['mirrors (lists of URLs by registry) and insecure (a list of registries)', isRegistries],
}
const nodeShape: Shape = {
  name: ['a name', isText], simulated: ['true or false', (value) => typeof value === 'boolean'], index: ['a count', isCount],
  cpu: ['a quantity', isText], memory: ['a quantity', isText], pods: ['a count', isCount],
  labels: ['labels', (value) => isRecord(value) && Object.values(value).every((each) => typeof each === 'string')],
  taints: ['a list of taints', (value) => Array.isArray(value) && value.every(isRecord)],
  resources: ['quantities by name', (value) => value === undefined || (isRecord(value) && Object.values(value).every(isText))], storage: ['a quantity', (value) => value === undefined || isText(value)],
  devices: ['devices by driver', (value) => value === undefined || (isRecord(value) && Object.values(value).every((each) => isRecord(each) && isCount(each['count'])))],
}

/** What is not as it was written, in words: people edit this file. */
function firstWrong(settings: Fields): string | undefined {
  const kubelet = settings['kubelet'] === undefined ? undefined : kubeletFault(settings['kubelet'])
  if (kubelet !== undefined) return `kubelet: ${kubelet}`
  const nodes: readonly unknown[] = Array.isArray(settings['nodes']) ? settings['nodes'] : []
  for (const [place, value, shape] of [['', settings, settingsShape] as const, ...nodes.map((node, at) => [`nodes[${at}]`, node, nodeShape] as const)]) {
    if (!isRecord(value)) return `expected an object as ${place}`
    for (const [field, [expected, holds]] of Object.entries(shape)) if (!holds(value[field])) return `expected ${expected} as ${place === '' ? '' : `${place}.`}${field}, found ${JSON.stringify(value[field]) ?? 'nothing'}`
  }
  return undefined
}

/** Replaces the settings atomically. */
export function writeSettings(file: string, settings: Settings): void {
  writePrivately(file, `${JSON.stringify(settings, null, 2)}\n`)
}
