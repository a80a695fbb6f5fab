// The shape of the code, as data: what may import what, and which calls have a better place.

/** Folders of a package, lowest first. A file imports from lower rows and from its own folder only. */
export const layers: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'packages/core/': [
    ['base'],
    ['api'],
    ['store', 'rules'],
    ['server', 'kubectl'],
    ['controllers', 'scheduler', 'kubelet', 'network'],
    ['cluster'],
    ['simulator'],
  ],
  'packages/host/': [
    ['files', 'linux', 'engine', 'journal', 'client', 'streams', 'webhooks'],
    ['plugins'],
    ['network', 'cni', 'cdi', 'images', 'credentials', 'metrics', 'device-plugins', 'csi', 'reduced', 'cpus'],
    ['http'],
    ['oci', 'agent-link'],
    ['agent'],
    ['daemon'],
    ['commands'],
  ],
}

export interface Ban { readonly pattern: RegExp; readonly instead: string }

/** Calls that deciding code must not make. */
export const bannedInCore: readonly Ban[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, instead: 'take the time from Clock' },
  { pattern: /\bset(Timeout|Interval|Immediate)\(|\bqueueMicrotask\(/, instead: 'set a timer on Clock, ring a lane of Loop' },
  { pattern: /\bMath\.random\(|\bcrypto\.(randomUUID|getRandomValues)\(/, instead: 'take chance from Random' },
  { pattern: /\.localeCompare\(|\btoLocale\w*String\(/, instead: 'compare by code unit: locales differ by machine' },
  { pattern: /\bstructuredClone\(/, instead: 'objects in the store are frozen: share them' },
  { pattern: /\bprocess\.|\bBuffer\./, instead: 'core is portable: bytes are Uint8Array' },
  { pattern: /\bawait\b|\basync\b/, instead: 'core is synchronous: promises live at the rim' },
]

/** Anywhere. */
export const banned: readonly Ban[] = [
  { pattern: /\bas any\b|: any\b|<any>/, instead: 'say what it is, or unknown' },
  { pattern: /@ts-ignore|@ts-nocheck/, instead: 'mend the type' },
  { pattern: /catch\s*(\([^)]*\))?\s*\{\s*\}/, instead: 'an empty catch hides a fault: say in it why nothing need be done' },
]

/** Files in core that may await, with the reason. */
export const mayAwait: Readonly<Record<string, string>> = {}

export const linesMax = 500
/** File names are words joined by '-', with what they are for behind a dot: 'pod-files.ts', 'apply.test.ts'. */
export const plainNames = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/
/** Names that say nothing. */
export const emptyNames = /(^|\/)(utils?|helpers?|common|misc|manager|impl|handlers?)(\.ts|\/)/
