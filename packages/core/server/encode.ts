// Objects as bytes: once per object and served version, whoever asks.
import { writeMessage } from '../api/protobuf/index.ts'
import { encode } from '../api/schema/encode.ts'
import { mayShowNulls, withNulls } from '../api/schema/nulls.ts'
import { apiVersionOf, type Draft, type Resource } from '../api/resource.ts'
import { Lately } from '../base/lately.ts'
import type { AnyKind, AnyServed } from './registry.ts'

const forms = new WeakMap<Resource, Map<AnyServed, object>>()
const shown = new WeakMap<object, object>()

/** The object in the form of a served version: one value, however often it is asked for. */
export function formOf(served: AnyServed, object: Resource): object {
  if (served.convert === undefined) return object
  let versions = forms.get(object)
  if (versions === undefined) forms.set(object, (versions = new Map()))
  let converted = versions.get(served)
  if (converted === undefined) versions.set(served, (converted = Object.freeze(served.convert.fromHub(object))))
  return converted
}

/** What somebody sent in a served version, with its defaults, as it is stored. */
export function hubForm({ kind, served }: { readonly kind: AnyKind; readonly served: AnyServed }, draft: Draft): Resource {
  const filled = served.fill({ ...draft, apiVersion: apiVersionOf(served), kind: kind.kind })
  return (served.convert === undefined ? filled : served.convert.toHub(filled)) as unknown as Resource
}

/** The same as clients see it: what is null where it is nothing is null. */
export function shownAs(served: AnyServed, object: Resource): object {
  const form = formOf(served, object)
  if (!mayShowNulls(served.definition)) return form
  let made = shown.get(form)
  if (made === undefined) shown.set(form, (made = Object.freeze(withNulls(served.definition, form))))
  return made
}

/** Makes sure that objects can be shown once they are written: whoever converts them outside is asked before. */
export function prepareShowing({ kind, served }: { readonly kind: AnyKind; readonly served: AnyServed }, objects: Iterable<Resource>): void {
  if (kind.isConvertedOutside) for (const object of objects) shownAs(served, object)
}

/** The object's JSON in a served version. Objects are frozen, so their bytes never change. */
export const encoded = (served: AnyServed, object: Resource): Uint8Array => encode(shownAs(served, object))

const messagesMax = 128 << 20
// At most twice what it is given.
const messages = Lately.weakly<object, Uint8Array>(messagesMax / 2, ({ length }) => length)

/** The object's protobuf message in a served version, without its envelope. */
export function messageOf(served: AnyServed, object: Resource): Uint8Array {
  const form = formOf(served, object)
  const known = messages.get(form)
  if (known !== undefined) return known
  const message = writeMessage(served.definition, form)
  if (Object.isFrozen(form)) messages.set(form, message)
  return message
}
