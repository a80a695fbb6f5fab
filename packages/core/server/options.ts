import type { Ask } from '../api/action.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Definitions } from '../api/schema/types.ts'
import type { Store } from '../store/types.ts'
import type { JwtAuthenticator } from './access/authenticators.ts'
import type { User } from './access/types.ts'
import type { AuditPolicy } from './audit/index.ts'
import type { AnyKind } from './registry.ts'

/** What /version says. */
export interface VersionInfo {
  readonly major: string
  readonly minor: string
  readonly gitVersion: string // 'v1.36.0+skiff'
  readonly gitCommit: string
  readonly gitTreeState: string
  readonly buildDate: string
  readonly goVersion: string
  readonly compiler: string
  readonly platform: string
}

/** Service account tokens: signed and verified by the host, described here. */
export interface TokenIssuer {
  readonly issuer: string // 'https://kubernetes.default.svc.cluster.local'
  readonly audiences: readonly string[]
  /** The JSON Web Key Set as text, for /openid/v1/jwks. */
  readonly keySet: string
  readonly algorithms: readonly string[]
}

export interface ServerOptions {
  /** Brings to the outside what a component's write needs to know: the answers of webhooks. `done` may be called at once or later. */
  readonly ask?: (ask: Ask, done: (answer: unknown) => void) => void
  readonly store: Store
  readonly kinds: readonly AnyKind[]
  readonly definitions: Definitions
  readonly clock: Clock
  readonly random: Random
  readonly version: VersionInfo
  readonly issuer?: TokenIssuer
  /** Bearer tokens given as data: secret to user. */
  readonly tokens?: ReadonlyMap<string, User>
  /** Issuers whose tokens sign in besides the cluster's own; the host checks their signatures. */
  readonly authenticators?: readonly JwtAuthenticator[]
  /** False: requests without credentials are answered 401; a list: unless they ask for one of these paths. Default true. */
  readonly anonymous?: boolean | readonly string[]
  /** What is written to the audit log; absent: nothing. */
  readonly audit?: AuditPolicy
  /** How long changes can be watched and listed at least; absent: as long as the store keeps them. */
  readonly historyMs?: number
  /** What controllers and the scheduler tell of themselves, for /metrics. */
  readonly componentMetrics?: () => string
  /** What only the process knows, for /metrics: in the text that Prometheus reads. */
  readonly processMetrics?: () => string
  /** The time by which clients live, where the clock may be turned; the clock's when left out. */
  readonly outsideNow?: () => number
  /** 'host:port' at which clients reach the server, for legacy discovery. */
  readonly address?: string
  /** Where ClusterIPs come from, one range a family, the first family's first; IPv4's usual one when left out. */
  readonly serviceRanges?: readonly string[]
}
