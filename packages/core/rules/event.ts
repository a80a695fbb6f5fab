// The Event that a component writes of what it records.
import type { Action, Actor } from '../api/action.ts'
import type { Draft } from '../api/resource.ts'
import type { Instant } from '../base/clock.ts'
import { Lately } from '../base/lately.ts'
import { timestamp } from '../base/timestamp.ts'
import type { Told } from './event-correlation.ts'

type Recording = Extract<Action, { readonly do: 'record' }>

const messageMax = 1024

/** A message as an Event may hold it: what is longer is cut, as upstream's recorders do. */
export const eventMessage = (message: string): string => (message.length > messageMax ? `${message.slice(0, messageMax - 3)}...` : message)

/** Where an Event about an object stands. */
export const eventNamespace = (about: Recording['about']): string => about.metadata.namespace || 'default'

/** The Event of what was told for the first time, under its name. */
export function eventDraft(recording: Recording, actor: Actor, written: { readonly name: string; readonly message: string; readonly told: Told; readonly now: Instant }): Draft {
  const { about, type, reason, fieldPath, host } = recording
  return {
    apiVersion: 'v1', kind: 'Event', metadata: { name: written.name, namespace: eventNamespace(about) },
    involvedObject: {
      kind: about.kind, ...(about.metadata.namespace !== undefined && { namespace: about.metadata.namespace }), name: about.metadata.name, uid: uidIn(about, actor),
      apiVersion: about.apiVersion, resourceVersion: about.metadata.resourceVersion, ...(fieldPath !== undefined && { fieldPath }),
    },
    reason, message: written.message, source: sourceOf(actor.component, host), firstTimestamp: timestamp(written.told.firstAt), lastTimestamp: timestamp(written.now), count: written.told.count, type,
    reportingComponent: actor.component, reportingInstance: host ?? '',
  }
}

const sources = Lately.of<string, { readonly component: string; readonly host?: string }>(8192)
/** Who says it: one value for all that a component of a host says. */
function sourceOf(component: string, host: string | undefined): { readonly component: string; readonly host?: string } {
  return sources.given(`${component} ${host ?? ''}`, () => Object.freeze({ component, ...(host !== undefined && { host }) }))
}

// As kubelets do: events about their own node carry its name as uid, and that is what `kubectl describe node` asks for.
const uidIn = (about: Recording['about'], actor: Actor): string => (about.kind === 'Node' && actor.user === `system:node:${about.metadata.name}` ? about.metadata.name : about.metadata.uid)
