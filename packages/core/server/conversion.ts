// Conversion by webhook. What is shown or stored in another version has to be asked for, deep inside of code that converts as if it
// were nothing: such code is left by an exception, the answer is fetched, and the same is done once more from its start. So nothing
// may be committed before all that will be shown has been converted: `formOf` is called for it first.
import type { Answers, Ask } from '../api/action.ts'
import type { Converter } from '../api/custom/index.ts'
import { checkPairs } from '../api/kinds/metadata.ts'
import { problemText } from '../api/kinds/index.ts'
import { isRefusal, type Refusal } from '../api/refusal.ts'
import type { Resource, ResourceType } from '../api/resource.ts'
import type { CustomResourceDefinition } from '../api/resources.ts'
import { readJson, shownText } from '../api/text/index.ts'
import type { ClusterView } from '../api/view.ts'
import { RepeatedDraws, type Draws } from './draws.ts'
import { failureText, type Posted, postTo } from './post.ts'
import type { Asks } from './types.ts'
import { fingerprint } from '../base/fingerprint.ts'

type Json = Readonly<Record<string, unknown>>
/** A conversion that nobody has answered yet. */
interface Need {
  readonly definition: CustomResourceDefinition
  readonly object: Json
  readonly to: string
  /** Of a stored object: how others of its kind are read. */
  readonly read: ((object: Resource) => Json) | undefined
}
class Unconverted extends Error {
  readonly need: Need
  constructor(need: Need) { super('not converted yet'); this.need = need }
}

/** Objects that are asked for together; upstream asks for a whole list. */
const batchMax = 100
/** Characters of objects whose conversions are kept. */
const keptMax = 32 << 20
const timeoutSeconds = 30
const roundsMax = 100

/** What identifies an object to a converter: all but the metadata that it cannot change. */
function keyOf(object: Json, to: string): string {
  const { metadata, ...rest } = object
  const { name, namespace, uid, labels, annotations } = (metadata ?? {}) as Json
  return `${to} ${JSON.stringify([name, namespace, uid, labels, annotations, rest])}`
}

/** Answers of converters, the newest ones. */
export class Conversions {
  readonly #known = new Map<string, Json>()
  #size = 0

  /** How the objects of a definition get from version to version; undefined where nobody need be asked. */
  converterOf(definition: CustomResourceDefinition): Converter | undefined {
    if (definition.spec.conversion?.strategy !== 'Webhook') return undefined
    return {
      isOutside: true,
      convert: (object, to, read) => {
        if (object['apiVersion'] === to) return object
        const found = this.#known.get(keyOf(object, to))
        if (found === undefined) throw new Unconverted({ definition, object, to, read })
        return withMetadataOf(object, found)
      },
    }
  }

  /** Does it, asking first for what it turns out to need. `view`: where others are that will be needed next. */
  within<Outcome>(asking: { readonly answers: Answers; readonly draws?: Draws; readonly view?: ClusterView; readonly namespace?: string }, run: () => Outcome): Outcome | Asks | Refusal {
    for (let round = 0; round < roundsMax; round++) {
      try {
        return run()
      } catch (error) {
        if (!(error instanceof Unconverted)) throw error
        const objects = this.#batch(error.need, asking.view, asking.namespace)
        const ask = askFor(error.need, objects)
        if (!asking.answers.has(ask.id)) return { is: 'asks', asks: [ask] }
        const refusal = this.#take(error.need, objects, ask, asking.answers.get(ask.id) as Posted)
        if (refusal !== undefined) return refusal
        if (asking.draws instanceof RepeatedDraws) asking.draws.again()
      }
    }
    return failed(`conversion webhooks were asked ${roundsMax} times and there is still something to convert`)
  }

  #keep(key: string, converted: Json): void {
    if (!this.#known.has(key)) this.#size += key.length
    this.#known.set(key, converted)
    // What was just fetched is needed now, however large it is.
    for (const oldest of this.#known.keys()) {
      if (this.#size <= keptMax || this.#known.size <= batchMax) break
      this.#known.delete(oldest)
      this.#size -= oldest.length
    }
  }

  /** The object, and those of its kind that come after it and are not known either. */
  #batch({ definition, object, to, read }: Need, view: ClusterView | undefined, namespace: string | undefined): readonly Json[] {
    if (view === undefined || read === undefined) return [object]
    const { group, names, scope } = definition.spec
    const type: ResourceType<Resource> = { resource: `${group}/${names.plural}`, group, version: '', plural: names.plural, kind: names.kind, scope: scope === 'Namespaced' ? 'Namespaced' : 'Cluster' }
    const { name = '', namespace: at = '' } = (object['metadata'] ?? {}) as { readonly name?: string; readonly namespace?: string }
    const batch = [object]
    for (const stored of view.list(type, scope === 'Namespaced' ? namespace : undefined, `${at}/${name}`)) {
      if (batch.length >= batchMax) break
      if (stored.apiVersion === to) continue
      const other = read(stored)
      if (!this.#known.has(keyOf(other, to))) batch.push(other)
    }
    return batch
  }

  #take({ definition, object, to }: Need, objects: readonly Json[], ask: Ask, posted: Posted): Refusal | undefined {
    const gvk = `${shownText(object['apiVersion'])}, Kind=${definition.spec.names.kind}`
    const converted = convertedBy(ask, posted, gvk, objects, to)
    if (isRefusal(converted)) return converted
    objects.forEach((each, index) => { this.#keep(keyOf(each, to), converted[index] ?? {}) })
    return undefined
  }
}

function askFor({ definition, to }: Need, objects: readonly Json[]): Ask {
  const { webhook } = definition.spec.conversion ?? {}
  const version = webhook?.conversionReviewVersions.find((each) => each === 'v1' || each === 'v1beta1') ?? 'v1'
  const request = { desiredAPIVersion: to, objects }
  const id = nameOf(`${definition.metadata.uid} ${definition.metadata.generation ?? 0} ${JSON.stringify(request)}`)
  const body = { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request: { uid: id, ...request } }
  return { id: `convert/${id}`, what: 'convert', input: postTo(webhook?.clientConfig ?? {}, timeoutSeconds, body) }
}

const failed = (message: string): Refusal => ({ refused: true, code: 500, reason: '', message })

/** The objects of a review's response, each checked; or what is wrong with it, in upstream's words. */
function convertedBy(ask: Ask, posted: Posted, gvk: string, objects: readonly Json[], to: string): readonly Json[] | Refusal {
  const refuse = (why: string): Refusal => failed(`conversion webhook for ${gvk} failed: ${why}`)
  if (posted.is !== 'answered') return refuse(failureText(ask.input as Parameters<typeof failureText>[0], posted))
  const reading = readJson(posted.text)
  if (!reading.ok) return refuse(reading.message)
  const review = (reading.value ?? {}) as { readonly kind?: string; readonly apiVersion?: string; readonly response?: { readonly uid?: string; readonly convertedObjects?: readonly Json[]; readonly result?: { readonly status?: string; readonly message?: string } } }
  const { response } = review
  const asked = (ask.input as { readonly body: { readonly apiVersion: string; readonly request: { readonly uid: string } } }).body
  const isNew = asked.apiVersion.endsWith('/v1')
  const spoken = (apiVersion = '', kind = ''): string => `${apiVersion}, Kind=${kind}`
  if (isNew && (review.kind !== 'ConversionReview' || review.apiVersion !== asked.apiVersion)) return refuse(`expected webhook response of ${spoken(asked.apiVersion, 'ConversionReview')}, got ${spoken(review.apiVersion, review.kind)}`)
  if (response === undefined || response === null) return refuse('no response provided')
  if (isNew && response.uid !== asked.request.uid) return refuse(`expected response.uid=${JSON.stringify(asked.request.uid)}, got ${JSON.stringify(response.uid ?? '')}`)
  if (response.result?.status !== 'Success') return refuse(response.result?.message || `response.result.status was '${response.result?.status ?? ''}', not 'Success'`)
  const converted = response.convertedObjects ?? []
  if (converted.length !== objects.length) return failed(`conversion webhook for ${gvk} returned ${converted.length} objects, expected ${objects.length}`)
  for (const [index, each] of converted.entries()) {
    const why = faultOf(objects[index] ?? {}, each, to)
    if (why !== undefined) return failed(`conversion webhook for ${gvk} returned invalid ${objects.length > 1 ? 'converted ' : ''}object at index ${index}: ${why}`)
  }
  return converted
}

function faultOf(object: Json, converted: Json, to: string): string | undefined {
  if (converted['apiVersion'] !== to) return `invalid groupVersion (expected ${to}, received ${shownText(converted['apiVersion'] ?? '')})`
  if (converted['kind'] !== object['kind']) return `invalid kind (expected ${shownText(object['kind'])}, received ${shownText(converted['kind'] ?? '')})`
  const [was, is] = [object['metadata'] as Json, converted['metadata'] as Json | undefined]
  if (typeof is !== 'object' || is === null) return 'missing metadata in converted object'
  for (const [field, word] of [['name', 'name'], ['namespace', 'namespace'], ['uid', 'UID']] as const) {
    if ((was[field] ?? '') !== (is[field] ?? '')) return `must have the same ${word}: ${shownText(was[field] ?? '')} != ${shownText(is[field] ?? '')}`
  }
  const [problem] = checkPairs(is as Parameters<typeof checkPairs>[0])
  return problem === undefined ? undefined : problemText(problem)
}

/** As upstream: of the metadata a converter changes labels and annotations only. */
function withMetadataOf(object: Json, converted: Json): Json {
  const { labels: _labels, annotations: _annotations, ...kept } = (object['metadata'] ?? {}) as Json
  const { labels, annotations } = (converted['metadata'] ?? {}) as Json
  return { ...converted, metadata: { ...kept, ...(labels !== undefined && labels !== null && { labels }), ...(annotations !== undefined && annotations !== null && { annotations }) } }
}

/** A name for what is asked, in the form of a uid: the same when the same is asked. */
function nameOf(text: string): string {
  const hex = fingerprint(text)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
