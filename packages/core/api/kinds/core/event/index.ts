import { age } from '../../../../base/age.ts'
import type { CoreV1Event, EventsV1Event } from '../../../generated/types.ts'
import type { Column, Kind, Served } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import type { Draft } from '../../../resource.ts'
import { type Event, events } from '../../../resources.ts'
import { checkPathSegment } from '../../../selectors/syntax.ts'
import type { Index } from '../../../view.ts'
import { nameColumn, text, wideText } from '../../columns.ts'
import { filling, withDefaults, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNew, checkOld } from './validation.ts'

/** Either group's events may say little; what says it has an event time says who, what and why. */
const check = (next: Event, before: Event | undefined): readonly Problem[] => checkMetadata(next, before, { scope: 'Namespaced', name: checkPathSegment })

/** As upstream's conversion between the two groups: the same event under other names. */
function toHub(object: Draft): Draft {
  const event = object as unknown as EventsV1Event
  const { note, regarding, deprecatedCount, deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedSource, reportingController, ...rest } = event
  return defined({
    ...rest, apiVersion: 'v1', kind: 'Event', metadata: event.metadata ?? {}, message: note, involvedObject: regarding ?? {}, count: deprecatedCount, firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp, source: deprecatedSource ?? {}, reportingComponent: reportingController ?? '', reportingInstance: event.reportingInstance ?? '',
  })
}

function fromHub(hub: Event): Draft {
  const { message, involvedObject, count, firstTimestamp, lastTimestamp, source, reportingComponent, ...rest } = hub
  return defined({
    ...rest, apiVersion: 'events.k8s.io/v1', note: message, regarding: involvedObject, deprecatedCount: count, deprecatedFirstTimestamp: firstTimestamp, deprecatedLastTimestamp: lastTimestamp,
    deprecatedSource: source, reportingController: reportingComponent,
  })
}

const defined = (draft: Draft): Draft => Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as Draft

const since = (timestamp: string | undefined, now: number): string => age(timestamp, now)
const firstSeen = ({ firstTimestamp, eventTime }: Event, now: number): string => since(firstTimestamp ?? eventTime, now)
const lastSeen = (event: Event, now: number): string =>
  (event.series !== undefined ? since(event.series.lastObservedTime, now) : event.lastTimestamp === undefined ? firstSeen(event, now) : since(event.lastTimestamp, now))

function objectOf({ involvedObject = {} }: Event): string {
  const kind = (involvedObject.kind ?? '').toLowerCase()
  return involvedObject.name ? `${kind}/${involvedObject.name}` : kind
}
function sourceOf({ source = {}, reportingComponent, reportingInstance }: Event): string {
  const component = source.component || reportingComponent || ''
  const host = source.host || reportingInstance || ''
  return host === '' ? component : `${component}, ${host}`
}

const columns: readonly Column<Event>[] = [
  text('Last Seen', 'The time at which the most recent occurrence of this event was recorded.', lastSeen),
  text('Type', 'Type of this event (Normal, Warning), new types could be added in the future', ({ type }) => type ?? ''),
  text('Reason', "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.", ({ reason }) => reason ?? ''),
  text('Object', 'The object that this event is about.', objectOf),
  wideText('Subobject', 'If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2].', ({ involvedObject = {} }) => involvedObject.fieldPath ?? ''),
  wideText('Source', 'The component reporting this event. Should be a short machine understandable string.', sourceOf),
  text('Message', 'A human-readable description of the status of this operation.', ({ message }) => (message ?? '').trim()),
  wideText('First Seen', 'The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)', firstSeen),
  wideText('Count', 'The number of times this event has occurred.', ({ series, count }) => series?.count ?? (count || 1)),
  { ...nameColumn, wide: true },
]

const referenceFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const
const fieldsOf = (reference: string): NonNullable<Served<Event>['fields']> =>
  Object.fromEntries(referenceFields.map((field) => [`${reference}.${field}`, ({ involvedObject }: Event) => involvedObject?.[field] ?? '']))

/** Whoever describes an object asks for its events by its name. */
const eventsByName: Index<Event> = { name: 'events by involved name', type: events, values: ({ involvedObject }) => [involvedObject?.name ?? ''], reads: ({ involvedObject }) => involvedObject?.name }

export const event: Kind<Event> = {
  ...events,
  singular: 'event', shortNames: ['ev'], categories: [],
  hasStatus: false,
  served: [
    {
      group: '', version: 'v1', definition: 'io.k8s.api.core.v1.Event', columns,
      check: checkOld,
      fill: filling<CoreV1Event>((draft) => withDefaults(withParts(draft, 'involvedObject'), { source: {}, reportingComponent: '', reportingInstance: '' })),
      fields: {
        ...fieldsOf('involvedObject'),
        reason: ({ reason }) => reason ?? '', type: ({ type }) => type ?? '',
        reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
        source: ({ source, reportingComponent }) => source?.component || reportingComponent || '',
      },
      indexed: { 'involvedObject.name': eventsByName },
    },
    {
      group: 'events.k8s.io', version: 'v1', definition: 'io.k8s.api.events.v1.Event', columns, check: checkNew,
      fill: filling<EventsV1Event>((draft) => withParts(draft, 'regarding')),
      convert: { toHub, fromHub },
      fields: { ...fieldsOf('regarding'), reason: ({ reason }) => reason ?? '', type: ({ type }) => type ?? '', reportingController: ({ reportingComponent }) => reportingComponent ?? '' },
      indexed: { 'regarding.name': eventsByName },
    },
  ],
  check,
  indexes: [eventsByName],
}
