import type { Answers, Ask } from '../api/action.ts'
import type { Audit } from './audit/entry.ts'
import { isRefusal, type Refusal } from '../api/refusal.ts'
import type { Revision } from '../api/resource.ts'

/** One request as it came off the wire: plain values only, so that this border can move to a worker. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly query: string // without '?'
  readonly headers: Readonly<Record<string, string>> // lower-case names
  readonly body: Uint8Array
  /** Who the transport says it is: the subject of a client certificate that was checked against our CA. */
  readonly certificate?: { readonly commonName: string; readonly organizations: readonly string[] }
  /** Where it came from, for the audit log. */
  readonly remoteAddress?: string
}

/**
 * The request pipeline as a resumable machine: `step` runs until it has a reply or needs something that only the outside
 * can answer; then it is called again with the answers. It commits by itself.
 */
export interface Handler {
  step(request: Request, answers: Answers): Reply | Asks
  /** How long a request took: its `series` is in the reply. */
  took?(series: string, seconds: number): void
  /** A request that had to ask the outside is over, with its reply or without. */
  left?(request: Request): void
}

/** What the outside has to answer first; then the same request is stepped again. */
export interface Asks { readonly is: 'asks'; readonly asks: readonly Ask[] }
export const isAsks = (outcome: unknown): outcome is Asks => typeof outcome === 'object' && outcome !== null && (outcome as { readonly is?: unknown }).is === 'asks'
/** Refused, or not decided yet: either way there is nothing to go on with. */
export const isStopped = (outcome: unknown): outcome is Refusal | Asks => isRefusal(outcome) || isAsks(outcome)

/** `audit`: what the host writes down when the reply leaves. `series`: what the request counts as. */
export type Reply = Replied & { readonly audit?: Audit; readonly series?: string }
type Replied =
  | { readonly is: 'bytes'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: readonly Uint8Array[]; readonly asOf: Revision }
  | { readonly is: 'watch'; readonly status: 200; readonly headers: Readonly<Record<string, string>>; readonly watch: WatchReader }
  | { readonly is: 'connect'; readonly connect: Connect; readonly asOf: Revision }
  /** Goes on elsewhere; what comes from there is the answer. */
  | { readonly is: 'proxy'; readonly proxy: Proxy; readonly asOf: Revision }

/** Where a request goes on to: its method, body and most headers as they are. */
export interface Proxy {
  readonly scheme: 'http' | 'https'
  readonly address: string
  readonly port: number
  /** The node whose kubelet answers: its agent is asked, over the connection that it keeps, and no address is dialled. */
  readonly kubelet?: string
  /** With the query. */
  readonly path: string
  /** What the client's URL has before that path: where a redirect from there leads, to the client. */
  readonly prefix: string
  readonly verify: { readonly is: 'never' } | { readonly is: 'as'; readonly serverName: string; /** PEM; absent: the machine's own authorities. */ readonly authority?: string }
  /** Who we are there: nobody, or the cluster's front proxy, whose word about the user is believed. */
  readonly identity: 'none' | 'front-proxy'
  /** Put in place of the client's. */
  readonly headers: Readonly<Record<string, string>>
}

/** Pulled by the host when the store's bell rings: whole frames, oldest first, at most about `limitBytes`. */
export interface WatchReader {
  /** `asks`: what comes next cannot be told before the outside has answered; `answer` hands that in, and then it is read on. */
  read(limitBytes: number): { readonly frames: readonly Uint8Array[]; readonly asOf: Revision; readonly more: boolean; readonly done: boolean; readonly asks?: readonly Ask[] }
  answer?(answers: Answers): void
  /** The resource whose changes it tells: others need not wake it. Absent: any may. */
  readonly resource?: string
  /** When the watch ends by itself (timeoutSeconds), an instant; bookmarks are due at most a minute apart. */
  readonly deadline: number | undefined
  close(): void
}

/** A stream to a pod, authorised; the host brings it to the node's agent. */
export interface Connect {
  readonly what: 'log' | 'exec' | 'attach' | 'portforward'
  readonly node: string
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly container: string
  /** exec: the command; portforward: the ports named in the query. */
  readonly command: readonly string[]
  readonly ports: readonly number[]
  readonly streams: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean; readonly tty: boolean }
  /** `id`: of the run that the container's status tells of; absent: it tells of none. */
  readonly log?: { readonly id?: string; readonly follow: boolean; readonly previous: boolean; readonly timestamps: boolean; readonly tailLines?: number; readonly limitBytes?: number; readonly sinceSeconds?: number; readonly sinceTime?: string; /** Absent: both. */ readonly stream?: 'stdout' | 'stderr' }
  /** On a simulated node: the log follows the pod's script, or a command has this answer. */
  readonly scripted?: { readonly is: 'log' } | { readonly is: 'answer'; readonly out: string; readonly exitCode: number }
  /** Set when the node is simulated or the container does not run: the reply to give instead. */
  readonly refusal?: Refusal
}
