// AdmissionReview: what a webhook is asked, and what is made of its answer. Behaviour and words: upstream's webhook request package.
import type { Refusal } from '../../../api/refusal.ts'
import { readJson, shownText } from '../../../api/text/index.ts'
import { internal } from '../../refusals.ts'
import { askedOf, type Matched, objectsOf, requestOf } from '../matching.ts'
import { failureText, type Posted, postTo } from '../../post.ts'
import type { Remarks } from '../remarks.ts'
import type { Admission } from '../types.ts'
import type { Hook } from './hooks.ts'

const group = 'admission.k8s.io'
type Fields = Readonly<Record<string, unknown>>

/** A webhook's word. */
export type Verdict =
  | { readonly is: 'allowed'; readonly patch: readonly unknown[] | undefined; readonly remarks: Remarks }
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
  const unlike = otherKind(shownText(review['kind'] || 'AdmissionReview'), shownText(review['apiVersion'] || `${group}/${version}`), version)
  if (unlike !== undefined) return { is: 'failed', why: `failed to call webhook: ${unlike}` }
  const response = review['response']
  if (typeof response !== 'object' || response === null) return invalid('webhook response was absent')
  const { uid: answered, allowed, status, patch, patchType, warnings, auditAnnotations } = response as Fields
  if (version === 'v1' && answered !== uid) return invalid(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(shownText(answered ?? ''))}`)
  if (typeof allowed !== 'boolean' && allowed !== undefined && allowed !== null) return { is: 'failed', why: `failed to call webhook: json: cannot unmarshal ${Array.isArray(allowed) ? 'array' : typeof allowed} into Go struct field AdmissionResponse.response.allowed of type bool` }
  const hasPatch = typeof patch === 'string' && patch !== ''
  if (!mutates && version === 'v1' && hasPatch) return invalid('validating webhook may not return response.patch')
  if (!mutates && version === 'v1' && patchType !== undefined && patchType !== null) return invalid('validating webhook may not return response.patchType')
  const remarks = remarksOf(webhook.name, warnings, auditAnnotations)
  if (allowed !== true) return { is: 'denied', refusal: { ...denial(webhook.name, fieldsOf(status)), ...(remarks.warnings !== undefined && { warnings: remarks.warnings }) } }
  if (!hasPatch) return mutates && version === 'v1' && patchType !== undefined && patchType !== null ? invalid('webhook returned response.patchType but not response.patch') : { is: 'allowed', patch: undefined, remarks }
  if (!mutates) return { is: 'allowed', patch: undefined, remarks }
  if (version === 'v1' && (patchType === undefined || patchType === null)) return invalid('webhook returned response.patch but not response.patchType')
  const steps = stepsOf(patch)
  if ('fault' in steps) return { is: 'failed', why: steps.fault }
  if (steps.value.length > 0 && version === 'v1' && patchType !== 'JSONPatch') return { is: 'failed', why: `unsupported patch type ${JSON.stringify(patchType)}` }
  return { is: 'allowed', patch: steps.value, remarks }
}

/** What is said of an answer of another kind, or of another version of it. */
function otherKind(kind: string, apiVersion: string, version: string): string | undefined {
  if (kind === 'AdmissionReview' && apiVersion === `${group}/${version}`) return undefined
  if (kind === 'AdmissionReview' && (apiVersion === `${group}/v1` || apiVersion === `${group}/v1beta1`)) return `converting (${apiVersion.slice(group.length + 1)}.AdmissionReview) to (${version}.AdmissionReview): unknown conversion`
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`
}

function stepsOf(patch: string): { readonly value: readonly unknown[] } | { readonly fault: string } {
  const text = textOf(patch)
  if (text === undefined) return { fault: 'failed to call webhook: illegal base64 data at input byte 0' }
  const reading = readJson(text)
  const fault = reading.ok ? `json: cannot unmarshal ${typeof reading.value} into Go value of type jsonpatch.Patch` : reading.message
  return reading.ok && Array.isArray(reading.value) ? { value: reading.value } : { fault: `received undecodable patch in webhook response: ${fault}` }
}
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : {})

function remarksOf(name: string, warnings: unknown, annotations: unknown): Remarks {
  const said = Array.isArray(warnings) ? warnings.filter((each) => typeof each === 'string') : []
  const noted = Object.entries(fieldsOf(annotations)).map(([key, value]) => [`${name}/${key}`, shownText(value)])
  return { ...(said.length > 0 && { warnings: said }), ...(noted.length > 0 && { annotations: Object.fromEntries(noted) }) }
}

const failureFrom = 400
const failureTo = 999
/** A denial is a failure with the webhook's code, whatever else the webhook says. */
function denial(name: string, { code, reason, message, details }: Fields): Refusal {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`
  const why = typeof message === 'string' && message !== '' ? `: ${message}` : typeof reason === 'string' && reason !== '' ? `: ${reason}` : ' without explanation'
  const given = typeof code === 'number' && Number.isInteger(code) && code >= failureFrom && code <= failureTo ? code : failureFrom
  return {
    refused: true, code: given, reason: typeof reason === 'string' ? reason : '', message: by + why,
    ...(typeof details === 'object' && details !== null && { details: details as NonNullable<Refusal['details']> }),
  }
}

const decoder = new TextDecoder()
/** Text of base64; undefined for what is none. */
function textOf(base64: string): string | undefined {
  try { return decoder.decode(Uint8Array.fromBase64(base64)) } catch { return undefined } // the caller says what is wrong
}

/** Whether a failed call lets the write pass, or what refuses it. */
export const failureOf = ({ webhook }: Hook, why: string): Refusal | undefined =>
  (webhook.failurePolicy === 'Ignore' ? undefined : internal(`failed calling webhook ${JSON.stringify(webhook.name)}: ${why}`))
