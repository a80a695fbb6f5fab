import type { Container, EnvVar } from '../../api/generated/types.ts'
import { type Draft, type Job, jobs, jobTrackingFinalizer } from '../../api/index.ts'
import { podFromTemplate } from '../pod-template.ts'

export const indexAnnotation = 'batch.kubernetes.io/job-completion-index'
export const indexFailuresAnnotation = 'batch.kubernetes.io/job-index-failure-count'
const generatedBaseMax = 58

/** The prefix of the names of a Job's pods, of one index where it has any. */
export function podPrefix(job: Job, index: number | undefined): string {
  const ending = index === undefined ? '-' : `-${index}-`
  return `${job.metadata.name.slice(0, generatedBaseMax - ending.length)}${ending}`
}

/** A pod of a Job: kept by the finalizer until it is counted; with an index it knows which one. */
export function newPod(job: Job, name: string, index: { readonly index: number; readonly failures: number } | undefined): Draft {
  const pod = podFromTemplate(job.spec.template, jobs, job, name)
  const metadata = { ...pod.metadata, generateName: podPrefix(job, index?.index), finalizers: [...new Set([...(pod.metadata.finalizers ?? []), jobTrackingFinalizer])] }
  if (index === undefined) return { ...pod, metadata }
  const text = String(index.index)
  const failures: Readonly<Record<string, string>> = job.spec.backoffLimitPerIndex === undefined ? {} : { [indexFailuresAnnotation]: String(index.failures) }
  const spec = job.spec.template.spec ?? { containers: [] }
  return {
    ...pod,
    metadata: { ...metadata, labels: { ...metadata.labels, [indexAnnotation]: text }, annotations: { ...metadata.annotations, [indexAnnotation]: text, ...failures } },
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
