// MutatingAdmissionWebhook and ValidatingAdmissionWebhook. What is asked goes out by the host; the write is decided again with the answers.
import type { Ask } from '../../../api/action.ts'
import { sameMeaning } from '../../../api/kinds/equal.ts'
import { jsonPatch } from '../../../api/patch/index.ts'
import { isRefusal, type Refusal } from '../../../api/refusal.ts'
import type { Draft, Resource } from '../../../api/resource.ts'
import { internal } from '../../refusals.ts'
import type { Endpoint } from '../../registry.ts'
import type { Posted } from '../../post.ts'
import { dueIn } from '../again.ts'
import { rebuilt } from '../rebuilt.ts'
import { noRemarks, type Remarks, together } from '../remarks.ts'
import type { Admission, Plugin } from '../types.ts'
import { concerns, hooksOf } from './hooks.ts'
import { askOf, failureOf, verdictOf } from './review.ts'

/** One after the other: each sees what the ones before have made of the object. */
export const mutatingWebhooks: Plugin = {
  name: 'MutatingAdmissionWebhook',
  mutate(admission) {
    const hooks = hooksOf('mutating', admission)
    if (hooks.length === 0) return admission.object
    let { object } = admission
    let remarks = noRemarks
    let changed = false
    const first = dueIn(admission)
    const due = first === undefined ? undefined : new Set(first)
    /** Those that want to see the object once more if somebody changes it after them. */
    let waiting: readonly string[] = due === undefined ? [] : (admission.again ?? []).flatMap((each) => each.waiting)
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
      if (verdict.is === 'denied') return withWarnings(verdict.refusal, remarks)
      if (verdict.is === 'failed') {
        const refusal = failureOf(hook, verdict.why)
        if (refusal !== undefined) return withWarnings(refusal, remarks)
        continue
      }
      remarks = together(remarks, verdict.remarks)
      const patched = verdict.patch === undefined || verdict.patch.length === 0 ? object : patchedObject(seen, matched.endpoint, asked.shown, verdict.patch, hook.webhook.name)
      if (isRefusal(patched)) return patched
      if (patched !== object && !sameMeaning(patched, object)) {
        object = patched
        changed = true
        again = [...again, ...waiting]
        for (const place of waiting) due?.add(place)
        waiting = []
      }
      if (hook.webhook.reinvocationPolicy === 'IfNeeded') waiting = [...waiting, hook.place]
    }
    return { is: 'remarked', object, remarks, ...(due === undefined && changed && { again: { hooks: again, waiting, seen: object } }) }
  },
}

/** The object with a webhook's patch, read and defaulted again. */
function patchedObject(admission: Admission, endpoint: Endpoint, shown: Draft | null, patch: unknown, name: string): Resource | Refusal {
  const { operation, body } = admission
  if (shown === null || body !== undefined || operation === 'delete' || operation === 'connect') return internal(`admission webhook ${JSON.stringify(name)} attempted to modify the object, which is not supported for this operation`)
  const patched = jsonPatch(shown, patch)
  if (isRefusal(patched)) return internal(patched.message)
  return rebuilt(admission, endpoint, shown, patched.value)
}

/** All at once: they only say yes or no. */
export const validatingWebhooks: Plugin = {
  name: 'ValidatingAdmissionWebhook',
  validate(admission) {
    const hooks = hooksOf('validating', admission)
    if (hooks.length === 0) return undefined
    const asks: Ask[] = []
    let remarks = noRemarks
    let refusal: Refusal | undefined
    for (const hook of hooks) {
      const matched = concerns(hook, admission)
      if (isRefusal(matched)) { refusal ??= matched; continue }
      if (matched === undefined) continue
      const asked = askOf(hook, admission, matched)
      if (!admission.answers.has(asked.id)) { asks.push({ id: asked.id, what: 'webhook', input: asked.post }); continue }
      const verdict = verdictOf(asked, hook, admission.answers.get(asked.id) as Posted)
      switch (verdict.is) {
        case 'allowed': remarks = together(remarks, verdict.remarks); break
        case 'denied': refusal ??= verdict.refusal; break
        case 'failed': refusal ??= failureOf(hook, verdict.why)
      }
    }
    if (asks.length > 0) return { is: 'asks', asks }
    return refusal === undefined ? { is: 'passed', remarks } : withWarnings(refusal, remarks)
  },
}

/** What others have said is told also when one refuses. */
const withWarnings = (refusal: Refusal, { warnings = [] }: Remarks): Refusal => (warnings.length === 0 ? refusal : { ...refusal, warnings: [...warnings, ...(refusal.warnings ?? [])] })
