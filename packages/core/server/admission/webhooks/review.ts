// AdmissionReview: what a webhook is asked, and what is made of its answer. Behaviour and words: upstream's webhook request package.
import type { Refusal } from '../../../api/refusal.ts'
import { readJson } from '../../../api/text/index.ts'
import { internal } from '../../refusals.ts'
import { askedOf, type Matched, objectsOf, requestOf } from '../matching.ts'
import { failureText, type Posted, postTo } from '../../post.ts'
import type { Admission, Remarks } from '../types.ts'
import type { Hook } from './hooks.ts'

const group = 'admission.k8s.io'
type Fields = Readonly<Record<string, unknown>>

/** A webhook's word. */
export type Verdict =
  | { readonly is: 'allowed'; readonly patch: unknown; readonly remarks: Remarks }
  | { readonly is: 'denied'; readonly refusal: Refusal }
  | { readonly is: 'failed'; readonly why: string }

/** The ask of a webhook. It is named by all that is asked: no answer is taken for another's. */
export function askOf(hook: Hook, admission: Admission, matched: Matched) {
  const uid = admission.circumstances.random.uuid()
  const version = hook.webhook.admissionReviewVersions.find((each) => each === 'v1' || each === 'v1beta1') ?? 'v1'
  const objects = objectsOf(admission, matched.endpoint)
  const body = { kind: 'AdmissionReview', apiVersion: `${group}/${version}`, request: { uid, ...requestOf(askedOf(admission), matched, admission), ...objects } }
  const post = postTo(hook.webhook.clientConfig, hook.webhook.timeoutSeconds ?? 10, body)
  return { uid, version, shown: objects.object, post, id: `webhook ${hook.place} ${JSON.stringify(post)}` }
}
export type Asked = ReturnType<typeof askOf>

/** Reads the answer to an ask. */
export function verdictOf({ uid, version, post }: Asked, { webhook, mutates }: Hook, posted: Posted): Verdict {
  if (posted.is !== 'answered') return { is: 'failed', why: `failed to call webhook: ${failureText(post, posted)}` }
  const reading = readJson(posted.text)
  if (!reading.ok) return { is: 'failed', why: `failed to call webhook: couldn't get version/kind; json parse error: ${reading.message}` }
  const invalid = (why: string): Verdict => ({ is: 'failed', why: `received invalid webhook response: ${why}` })
  const review = fieldsOf(reading.value)
  if (review['kind'] !== 'AdmissionReview' || review['apiVersion'] !== `${group}/${version}`) {
    return invalid(`expected webhook response of ${group}/${version}, Kind=AdmissionReview, got ${String(review['apiVersion'] ?? '')}, Kind=${String(review['kind'] ?? '')}`)
  }
  const response = review['response']
  if (typeof response !== 'object' || response === null) return invalid('webhook response was absent')
  const { uid: answered, allowed, status, patch, patchType, warnings, auditAnnotations } = response as Fields
  if (version === 'v1' && answered !== uid) return invalid(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(String(answered ?? ''))}`)
  const hasPatch = typeof patch === 'string' && patch !== ''
  if (!mutates && version === 'v1' && hasPatch) return invalid('validating webhook may not return response.patch')
  if (!mutates && version === 'v1' && patchType !== undefined && patchType !== null) return invalid('validating webhook may not return response.patchType')
  const remarks = remarksOf(webhook.name, warnings, auditAnnotations)
  if (allowed !== true) return { is: 'denied', refusal: denial(webhook.name, fieldsOf(status)) }
  if (!hasPatch) return mutates && version === 'v1' && patchType !== undefined && patchType !== null ? invalid('webhook returned response.patchType but not response.patch') : { is: 'allowed', patch: undefined, remarks }
  if (!mutates) return { is: 'allowed', patch: undefined, remarks }
  if (version === 'v1' && (patchType === undefined || patchType === null)) return invalid('webhook returned response.patch but not response.patchType')
  if (patchType !== undefined && patchType !== null && patchType !== 'JSONPatch') return invalid(`webhook returned invalid response.patchType of ${JSON.stringify(patchType)}, expected "JSONPatch"`)
  const steps = readJson(textOf(patch))
  return steps.ok ? { is: 'allowed', patch: steps.value, remarks } : { is: 'denied', refusal: internal(`couldn't read the patch of admission webhook ${JSON.stringify(webhook.name)}: ${steps.message}`) }
}
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : {})

function remarksOf(name: string, warnings: unknown, annotations: unknown): Remarks {
  const said = Array.isArray(warnings) ? warnings.filter((each) => typeof each === 'string') : []
  const noted = Object.entries(fieldsOf(annotations)).map(([key, value]) => [`${name}/${key}`, String(value)])
  return { ...(said.length > 0 && { warnings: said }), ...(noted.length > 0 && { annotations: Object.fromEntries(noted) }) }
}

const failureFrom = 400
/** A denial is a failure with the webhook's code, whatever else the webhook says. */
function denial(name: string, { code, reason, message, details }: Fields): Refusal {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`
  const why = typeof message === 'string' && message !== '' ? `: ${message}` : typeof reason === 'string' && reason !== '' ? `: ${reason}` : ' without explanation'
  const given = typeof code === 'number' && Number.isInteger(code) && code >= failureFrom && code < 600 ? code : failureFrom
  return {
    refused: true, code: given, reason: typeof reason === 'string' ? reason : '', message: by + why,
    ...(typeof details === 'object' && details !== null && { details: details as NonNullable<Refusal['details']> }),
  }
}

const decoder = new TextDecoder()
/** Text of base64; '' for what is none, which is no patch. */
function textOf(base64: string): string {
  try { return decoder.decode(Uint8Array.fromBase64(base64)) } catch { return '' } // reading it as JSON says what is wrong
}

/** Whether a failed call lets the write pass, or what refuses it. */
export const failureOf = ({ webhook }: Hook, why: string): Refusal | undefined =>
  (webhook.failurePolicy === 'Ignore' ? undefined : internal(`failed calling webhook ${JSON.stringify(webhook.name)}: ${why}`))
