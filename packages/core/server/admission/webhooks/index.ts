// MutatingAdmissionWebhook and ValidatingAdmissionWebhook. What is asked goes out by the host; the write is decided again with the answers.
import type { Ask } from '../../../api/action.ts'
import { sameMeaning } from '../../../api/kinds/equal.ts'
import { jsonPatch } from '../../../api/patch/index.ts'
import { isRefusal, type Refusal } from '../../../api/refusal.ts'
import { apiVersionOf, type Draft, type Resource } from '../../../api/resource.ts'
import { decodeReading } from '../../../api/schema/decode.ts'
import { internal } from '../../refusals.ts'
import type { Endpoint } from '../../registry.ts'
import type { Posted } from '../../post.ts'
import type { Admission, Again, Plugin, Remarks } from '../types.ts'
import { concerns, hooksOf } from './hooks.ts'
import { askOf, failureOf, verdictOf } from './review.ts'

/** One after the other: each sees what the ones before have made of the object. */
export const mutatingWebhooks: Plugin = {
  name: 'MutatingAdmissionWebhook',
  mutate(admission) {
    const hooks = hooksOf('mutating', admission)
    if (hooks.length === 0) return admission.object
    let { object } = admission
    let remarks: Remarks = {}
    let changed = false
    const due = dueIn(admission)
    /** Those that want to see the object once more if somebody changes it after them. */
    let waiting: readonly string[] = []
    let again: readonly string[] = []
    for (const hook of hooks) {
      if (due !== undefined && !due.has(hook.place)) continue
      const seen = object === admission.object ? admission : { ...admission, object }
      const matched = concerns(hook, seen)
      if (isRefusal(matched)) return matched
      if (matched === undefined) continue
      const asked = askOf(hook, seen, matched)
      if (!admission.answers.has(asked.id)) return { is: 'asks', asks: [{ id: asked.id, what: 'webhook', input: asked.post }] }
      const verdict = verdictOf(asked, hook, admission.answers.get(asked.id) as Posted)
      if (verdict.is === 'denied') return verdict.refusal
      if (verdict.is === 'failed') {
        const refusal = failureOf(hook, verdict.why)
        if (refusal !== undefined) return refusal
        continue
      }
      remarks = added(remarks, verdict.remarks)
      const patched = verdict.patch === undefined || isEmptyPatch(verdict.patch) ? object : patchedObject(seen, matched.endpoint, asked.shown, verdict.patch, hook.webhook.name)
      if (isRefusal(patched)) return patched
      if (patched !== object && !sameMeaning(patched, object)) {
        object = patched
        changed = true
        again = [...again, ...waiting]
        waiting = []
      }
      if (hook.webhook.reinvocationPolicy === 'IfNeeded') waiting = [...waiting, hook.place]
    }
    return { is: 'remarked', object, remarks, ...(due === undefined && changed && { again: { hooks: again, waiting, seen: object } }) }
  },
}

/** In a second round: whom to ask. All that wait, if anybody else has changed the object since. */
function dueIn({ again, object }: Admission): ReadonlySet<string> | undefined {
  if (again === undefined) return undefined
  return new Set(again.flatMap(({ hooks, waiting, seen }: Again) => (sameMeaning(seen, object) ? hooks : [...hooks, ...waiting])))
}

const isEmptyPatch = (patch: unknown): boolean => Array.isArray(patch) && patch.length === 0

/** The object with a webhook's patch, read and defaulted again. */
function patchedObject({ machine, operation, object, body, subresource }: Admission, { kind, served }: Endpoint, shown: Draft | null, patch: unknown, name: string): Resource | Refusal {
  if (shown === null || body !== undefined || operation === 'delete' || operation === 'connect') return internal(`admission webhook ${JSON.stringify(name)} attempted to modify the object, which is not supported for this operation`)
  const patched = jsonPatch(shown, patch)
  if (isRefusal(patched)) return internal(patched.message)
  const definition = machine.definitions.get(served.definition)
  if (definition === undefined) return internal(`no schema ${served.definition}`)
  const gvk = { group: served.group, version: served.version, kind: kind.kind }
  const decoded = decodeReading({ ok: true, value: patched.value, duplicates: [] }, { definitions: machine.definitions, definition, mode: 'Ignore', kind: gvk, patched: shown })
  if (isRefusal(decoded)) return internal(decoded.message)
  const filled = served.fill({ ...decoded.value, apiVersion: apiVersionOf(served), kind: kind.kind })
  const hub = (served.convert === undefined ? filled : served.convert.toHub(filled)) as unknown as Resource
  // Which object it is, is not a webhook's to say.
  const { name: objectName, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const metadata = { ...hub.metadata, name: objectName, ...(namespace !== undefined && { namespace }), uid, creationTimestamp, ...(resourceVersion !== undefined && { resourceVersion }) }
  if (subresource !== 'status') return { ...hub, metadata }
  const { status } = hub as { readonly status?: unknown }
  const { labels, annotations } = metadata
  return { ...object, metadata: { ...object.metadata, ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) }, ...(status !== undefined && { status }) } as Resource
}

/** All at once: they only say yes or no. */
export const validatingWebhooks: Plugin = {
  name: 'ValidatingAdmissionWebhook',
  validate(admission) {
    const hooks = hooksOf('validating', admission)
    if (hooks.length === 0) return undefined
    const asks: Ask[] = []
    let remarks: Remarks = {}
    let refusal: Refusal | undefined
    for (const hook of hooks) {
      const matched = concerns(hook, admission)
      if (isRefusal(matched)) { refusal ??= matched; continue }
      if (matched === undefined) continue
      const asked = askOf(hook, admission, matched)
      if (!admission.answers.has(asked.id)) { asks.push({ id: asked.id, what: 'webhook', input: asked.post }); continue }
      const verdict = verdictOf(asked, hook, admission.answers.get(asked.id) as Posted)
      switch (verdict.is) {
        case 'allowed': remarks = added(remarks, verdict.remarks); break
        case 'denied': refusal ??= verdict.refusal; break
        case 'failed': refusal ??= failureOf(hook, verdict.why)
      }
    }
    if (asks.length > 0) return { is: 'asks', asks }
    return refusal ?? { is: 'passed', remarks }
  },
}

const added = (first: Remarks, second: Remarks): Remarks => ({ warnings: [...(first.warnings ?? []), ...(second.warnings ?? [])], annotations: { ...first.annotations, ...second.annotations } })
