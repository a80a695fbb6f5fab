// Core events may say little; those of events.k8s.io are held to more, as upstream's ValidateEventCreate and ValidateEventUpdate.
import type { Problem } from '../../../refusal.ts'
import type { Event } from '../../../resources.ts'
import { checkLabelKey, checkSubdomain } from '../../../selectors/syntax.ts'
import { sameMeaning } from '../../equal.ts'
import { checkText, immutable, invalid, required } from '../../problems.ts'

const shortMax = 128
const noteMax = 1024

/** An event as the core group takes it. */
export const checkOld = (next: Event): readonly Problem[] => checkAnyEvent(next, 'reportingComponent')

/** An event as events.k8s.io takes it. */
export function checkNew(next: Event, before: Event | undefined): readonly Problem[] {
  return [...checkAnyEvent(next, 'reportingController'), ...(before === undefined ? checkCreated(next) : checkKept(next, before))]
}

function checkAnyEvent(next: Event, reporting: string): readonly Problem[] {
  const { involvedObject = {}, metadata, eventTime, reportingComponent } = next
  const about = involvedObject.namespace ?? ''
  const space = metadata.namespace ?? ''
  const elsewhere = invalid('involvedObject.namespace', about, 'does not match event.namespace')
  if (!eventTime) return (about === '' ? space === '' || space === 'default' : about === space) ? [] : [elsewhere]
  return [
    ...(about === '' && space !== 'default' && space !== 'kube-system' ? [elsewhere] : []),
    ...(reportingComponent ? [] : [required(reporting)]),
    ...checkText(reporting, reportingComponent ?? '', checkLabelKey),
    ...checkShort('reportingInstance', next.reportingInstance), ...checkShort('action', next.action), ...checkShort('reason', next.reason),
    ...((next.message ?? '').length > noteMax ? [invalid('message', '', `can have at most ${noteMax} characters`)] : []),
  ]
}

function checkShort(path: string, value: string | undefined): readonly Problem[] {
  if (!value) return [required(path)]
  return value.length > shortMax ? [invalid(path, '', `can have at most ${shortMax} characters`)] : []
}

function checkCreated(next: Event): readonly Problem[] {
  const unset = (path: string, isSet: boolean): readonly Problem[] => (isSet ? [invalid(path, '', 'needs to be unset')] : [])
  return [
    ...checkText('metadata.name', next.metadata.name, checkSubdomain),
    ...checkSeries(next),
    ...(next.eventTime ? [] : [required('eventTime')]),
    ...(next.type === 'Normal' || next.type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${next.type ?? ''}`)]),
    ...unset('firstTimestamp', Boolean(next.firstTimestamp)), ...unset('lastTimestamp', Boolean(next.lastTimestamp)), ...unset('count', Boolean(next.count)),
    ...unset('source', Boolean(next.source?.component) || Boolean(next.source?.host)),
  ]
}

function checkSeries({ series }: Event): readonly Problem[] {
  if (series === undefined) return []
  return [
    ...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
  ]
}

/** Fields that an event keeps for life, with the names upstream gives them here: those of its internal type. */
const kept = [
  ['involvedObject', 'involvedObject'], ['reason', 'reason'], ['message', 'message'], ['source', 'source'], ['firstTimestamp', 'firstTimestamp'], ['lastTimestamp', 'lastTimestamp'],
  ['count', 'count'], ['type', 'type'], ['eventTime', 'eventTime'], ['action', 'action'], ['related', 'related'], ['reportingComponent', 'reportingController'], ['reportingInstance', 'reportingInstance'],
] as const

function checkKept(next: Event, before: Event): readonly Problem[] {
  return [
    ...(sameMeaning(next.series, before.series) ? [] : checkSeries(next)),
    ...kept.filter(([field]) => !sameMeaning(next[field] || undefined, before[field] || undefined)).map(([field, path]) => immutable(path, next[field] ?? null)),
  ]
}
