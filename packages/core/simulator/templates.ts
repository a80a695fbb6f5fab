// What users write: specs of workloads, drawn by chance from what the API has.
import type { Random } from '../base/index.ts'

/** A finalizer that only users set and take. */
export const hold = 'example.com/hold'

type Fields = Readonly<Record<string, unknown>>
export type Life = 'goes on' | 'ends' | 'fails'

export function oneOf<T>(random: Random, all: readonly T[]): T | undefined { return all[random.below(all.length)] }

/** Priorities of pods, by class: the polite one never puts others out. */
export const priorityClasses: readonly Fields[] = [
  { metadata: { name: 'low' }, value: -10 },
  { metadata: { name: 'high' }, value: 1000 },
  { metadata: { name: 'polite' }, value: 1000, preemptionPolicy: 'Never' },
]
/** The taint that some nodes have and some pods tolerate. */
export const dedicated = 'example.com/dedicated'
/** An exit code that a Job's policy ends or ignores. */
export const specialExitCode = 42
/** Pods of such an annotation share no node with others of their workload. */
export const alone = 'example.com/alone'

/** A container that behaves in one of the ways that containers do. */
export function template(random: Random, name: string, life: Life): Fields {
  const annotations: Record<string, string> = {}
  if (random.chance(0.3)) annotations['skiff.dev/start-delay'] = `${random.below(5000)}ms`
  if (random.chance(0.3)) annotations['skiff.dev/ready-after'] = `${random.below(30)}s`
  if (random.chance(0.2)) annotations['skiff.dev/stop-delay'] = `${random.below(40)}s`
  if (random.chance(0.2)) annotations['skiff.dev/pull-time'] = `${random.below(20)}s`
  const ends = life !== 'goes on'
  if (ends && random.chance(0.5)) annotations['skiff.dev/run-for'] = `${1 + random.below(60)}s`
  const restartPolicy = random.chance(0.5) ? 'Never' : 'OnFailure'
  if (life === 'fails') annotations['skiff.dev/exit-code'] = random.chance(0.3) ? String(specialExitCode) : '1'
  if (life === 'ends' && restartPolicy === 'OnFailure' && random.chance(0.4)) annotations['skiff.dev/exit-code'] = '1,0'
  if (!ends && random.chance(0.1)) { annotations['skiff.dev/run-for'] = `${1 + random.below(60)}s,forever`; annotations['skiff.dev/exit-code'] = '1' }
  const isUnruly = !ends && random.chance(0.05)
  if (isUnruly) annotations['skiff.dev/live-for'] = `${20 + random.below(100)}s`
  if (!ends && random.chance(0.3)) annotations['skiff.dev/cpu'] = `${10 + random.below(100)}m, ${1 + random.below(5)}m=${10 + random.below(200)}m`
  const isAlone = !ends && random.chance(0.1)
  if (isAlone) annotations[alone] = 'true'
  return {
    metadata: { labels: { app: name }, annotations },
    spec: {
      terminationGracePeriodSeconds: random.below(30), ...(ends ? { restartPolicy } : {}), ...placing(random, name, isAlone),
      containers: [{
        name: 'main', image: `app:${1 + random.below(3)}`, resources: { requests: { cpu: `${50 + random.below(4) * 50}m` } },
        ...(random.chance(0.5) ? { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 + random.below(10) } } : {}),
        ...(isUnruly ? { livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 + random.below(10) } } : {}),
      }],
    },
  }
}

/** How important pods are, what they tolerate, and whom they keep away from. */
function placing(random: Random, name: string, isAlone: boolean): Fields {
  return {
    ...(random.chance(0.3) ? { priorityClassName: oneOf(random, ['low', 'high', 'polite']) } : {}),
    ...(random.chance(0.3) ? { tolerations: [{ key: dedicated, operator: 'Exists', ...(random.chance(0.3) ? { effect: 'NoExecute', tolerationSeconds: random.below(120) } : {}) }] } : {}),
    ...(isAlone ? { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: name } } }] } } } : {}),
  }
}

const minReady = (random: Random): Fields => (random.chance(0.2) ? { minReadySeconds: 1 + random.below(30) } : {})

export function deploymentSpec(random: Random, name: string): Fields {
  const strategy = random.chance(0.2) ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: { maxSurge: oneOf(random, ['25%', 1, 0, '50%']), maxUnavailable: oneOf(random, ['25%', 1, 2, '50%']) } }
  return {
    replicas: random.below(8), strategy, ...minReady(random), ...(random.chance(0.3) ? { revisionHistoryLimit: random.below(3) } : {}), ...(random.chance(0.2) ? { progressDeadlineSeconds: 40 + random.below(100) } : {}),
    selector: { matchLabels: { app: name } }, template: template(random, name, 'goes on'),
  }
}

export function statefulSetSpec(random: Random, name: string): Fields {
  const claims = random.chance(0.5) ? { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }] } : {}
  const retention = random.chance(0.3) ? { persistentVolumeClaimRetentionPolicy: { whenDeleted: random.chance(0.5) ? 'Delete' : 'Retain', whenScaled: random.chance(0.5) ? 'Delete' : 'Retain' } } : {}
  const rolling = { ...(random.chance(0.3) ? { partition: random.below(4) } : {}), ...(random.chance(0.3) ? { maxUnavailable: oneOf(random, [1, 2, '50%']) } : {}) }
  return {
    replicas: random.below(5), serviceName: name, ...(random.chance(0.3) ? { podManagementPolicy: 'Parallel' } : {}), ...claims, ...retention, ...minReady(random),
    ...(random.chance(0.15) ? { updateStrategy: { type: 'OnDelete' } } : { updateStrategy: { type: 'RollingUpdate', rollingUpdate: rolling } }),
    ...(random.chance(0.2) ? { ordinals: { start: 1 + random.below(5) } } : {}), selector: { matchLabels: { app: name } }, template: template(random, name, 'goes on'),
  }
}

export function daemonSetSpec(random: Random, name: string): Fields {
  const rollingUpdate = random.chance(0.4) ? { maxSurge: oneOf(random, [1, '50%']), maxUnavailable: 0 } : { maxUnavailable: oneOf(random, [1, 2, '50%']) }
  const updateStrategy = random.chance(0.2) ? { type: 'OnDelete' } : { type: 'RollingUpdate', rollingUpdate }
  return { updateStrategy, ...minReady(random), selector: { matchLabels: { app: name } }, template: template(random, name, 'goes on') }
}

export function jobSpec(random: Random, name: string): Fields {
  const fails = random.chance(0.25)
  const completions = 1 + random.below(8)
  const isIndexed = random.chance(0.4)
  const made = template(random, name, fails ? 'fails' : 'ends')
  const neverRestarts = (made['spec'] as { readonly restartPolicy?: string }).restartPolicy === 'Never'
  const perIndex = isIndexed && neverRestarts && random.chance(0.4)
  return {
    completions, parallelism: 1 + random.below(4), ...(isIndexed ? { completionMode: 'Indexed' } : {}),
    ...(perIndex ? { backoffLimitPerIndex: random.below(3), ...(random.chance(0.5) ? { maxFailedIndexes: random.below(completions) } : {}) } : { backoffLimit: fails ? random.below(4) : 100 }),
    ...(neverRestarts && random.chance(0.4) ? { podFailurePolicy: { rules: failureRules(random, perIndex) } } : {}),
    ...(isIndexed && random.chance(0.3) ? { successPolicy: { rules: [random.chance(0.5) ? { succeededCount: 1 + random.below(completions) } : { succeededIndexes: '0' }] } } : {}),
    ...(random.chance(0.3) ? { podReplacementPolicy: 'Failed' } : {}),
    ...(random.chance(0.1) ? { activeDeadlineSeconds: 30 + random.below(300) } : {}), ...(random.chance(0.3) ? { ttlSecondsAfterFinished: random.below(600) } : {}), ...(random.chance(0.1) ? { suspend: true } : {}),
    template: made,
  }
}
function failureRules(random: Random, perIndex: boolean): readonly Fields[] {
  const action = oneOf(random, perIndex ? ['FailJob', 'FailIndex', 'Count'] : ['FailJob', 'Count'])
  return [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action, onExitCodes: { operator: 'In', values: [specialExitCode] } },
  ]
}

export function cronJobSpec(random: Random, name: string, asking: (job: Fields) => Fields): Fields {
  return {
    schedule: oneOf(random, ['* * * * *', '*/5 * * * *', '*/10 * * * *', '@hourly']), concurrencyPolicy: oneOf(random, ['Allow', 'Forbid', 'Replace']),
    ...(random.chance(0.4) ? { timeZone: oneOf(random, ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Etc/UTC']) } : {}),
    ...(random.chance(0.3) ? { startingDeadlineSeconds: 20 + random.below(200) } : {}), successfulJobsHistoryLimit: random.below(4), failedJobsHistoryLimit: random.below(3),
    jobTemplate: { spec: asking(jobSpec(random, name)) },
  }
}
