import type { Container, EnvVar } from '../../api/generated/types.ts'
import { type Draft, type Job, jobs, jobTrackingFinalizer, type Pod } from '../../api/index.ts'
import { podFromTemplate } from '../pod-template.ts'
import { verdictOn } from './failure-policy.ts'

export const indexAnnotation = 'batch.kubernetes.io/job-completion-index'
const indexFailuresAnnotation = 'batch.kubernetes.io/job-index-failure-count'
const ignoredFailuresAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count'
const generatedBaseMax = 58

/** The index of a pod that is to come, and the failed pod of that index whose counts it carries on. */
export interface NewIndex { readonly index: number; readonly replaces: Pod | undefined }

const countIn = (pod: Pod, annotation: string): number => {
  const text = pod.metadata.annotations?.[annotation] ?? ''
  return /^\d+$/.test(text) ? Number(text) : 0
}
/** How often the index of this pod had failed before it. */
export const indexFailuresOf = (pod: Pod): number => countIn(pod, indexFailuresAnnotation)
/** How many failures before it the failure policy has ignored. */
export const ignoredFailuresOf = (pod: Pod): number => countIn(pod, ignoredFailuresAnnotation)

function failureCounts(job: Job, replaces: Pod | undefined): Readonly<Record<string, string>> {
  if (job.spec.backoffLimitPerIndex === undefined) return {}
  if (replaces === undefined) return { [indexFailuresAnnotation]: '0' }
  const isIgnored = verdictOn(job, replaces).action === 'Ignore'
  const ignored = ignoredFailuresOf(replaces) + (isIgnored ? 1 : 0)
  return { [indexFailuresAnnotation]: String(indexFailuresOf(replaces) + (isIgnored ? 0 : 1)), ...(ignored > 0 && { [ignoredFailuresAnnotation]: String(ignored) }) }
}

/** The prefix of the names of a Job's pods, of one index where it has any. */
export function podPrefix(job: Job, index: number | undefined): string {
  const ending = index === undefined ? '-' : `-${index}-`
  return `${job.metadata.name.slice(0, generatedBaseMax - ending.length)}${ending}`
}

/** A pod of a Job: kept by the finalizer until it is counted; with an index it knows which one. */
export function newPod(job: Job, name: string, index: NewIndex | undefined): Draft {
  const pod = podFromTemplate(job.spec.template, jobs, job, name)
  const metadata = { ...pod.metadata, generateName: podPrefix(job, index?.index), finalizers: [...new Set([...(pod.metadata.finalizers ?? []), jobTrackingFinalizer])] }
  if (index === undefined) return { ...pod, metadata }
  const text = String(index.index)
  const spec = job.spec.template.spec ?? { containers: [] }
  return {
    ...pod,
    metadata: { ...metadata, labels: { ...metadata.labels, [indexAnnotation]: text }, annotations: { ...metadata.annotations, [indexAnnotation]: text, ...failureCounts(job, index.replaces) } },
    spec: {
      ...spec, hostname: `${job.metadata.name}-${text}`, containers: spec.containers.map(withIndex),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withIndex) }),
    },
  }
}

const indexVariable: EnvVar = { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${indexAnnotation}']` } } }

function withIndex(container: Container): Container {
  if (container.env?.some(({ name }) => name === indexVariable.name)) return container
  return { ...container, env: [...(container.env ?? []), indexVariable] }
}
