// What a kind is asked besides its creation: updates of all that is stored, statuses, patches of every type, applies by several
// managers, scales, generated names, selectors and deletes. Each is a list of requests that both servers get in the same order.
import type { AnyKind } from '../../packages/core/server/registry.ts'
import { mutationsOf } from './mutations.ts'
import { definitionOf, objectOf, widened } from './samples.ts'
import type { Asked } from './sides.ts'

type Json = unknown
type Plain = Readonly<Record<string, Json>>
/** A request about a stored object; `body` is in our server's terms, and is translated for the other. */
export interface Step { readonly what: string; readonly request: Asked; readonly isVersioned?: boolean }
export interface Place { readonly kind: AnyKind; readonly collection: string; readonly name: string; readonly draft: Plain }

const typed = (type: string): Readonly<Record<string, string>> => ({ 'content-type': `application/${type}` })
const merge = typed('merge-patch+json')
const strategic = typed('strategic-merge-patch+json')
const json = typed('json-patch+json')
const apply = typed('apply-patch+yaml')
const metaOf = (object: Plain): Plain => object['metadata'] as Plain
const strict = 'dryRun=All&fieldValidation=Strict'

/** PUTs of the stored object with one thing changed. */
export function replacing({ kind, collection, name }: Place, stored: Plain): readonly Step[] {
  const put = (what: string, body: Json): Step => ({ what: `put with ${what}`, request: { line: `PUT ${collection}/${name}?${strict}`, body } })
  const { managedFields: _, ...metadata } = metaOf(stored)
  const bare = { ...stored, metadata }
  const definition = definitionOf(kind.served[0]?.definition ?? '')
  return [
    put('nothing changed', bare), put('managedFields emptied', { ...stored, metadata: { ...metadata, managedFields: [] } }), put('managedFields reset', { ...stored, metadata: { ...metadata, managedFields: [{}] } }),
    put('wrong managedFields', { ...stored, metadata: { ...metadata, managedFields: [{ manager: 'm', operation: 'Other', apiVersion: 'v1' }] } }),
    put('another uid', { ...bare, metadata: { ...metadata, uid: 'other' } }), put('another version', { ...bare, metadata: { ...metadata, resourceVersion: '1' } }), put('a wrong version', { ...bare, metadata: { ...metadata, resourceVersion: 'x' } }),
    put('more metadata', { ...bare, metadata: { ...metadata, generation: 7, finalizers: ['example.com/one'], ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }], deletionTimestamp: '2024-01-02T03:04:05Z', selfLink: '/x', generateName: 'g-' } }),
    put('wrong metadata', { ...bare, metadata: { ...metadata, finalizers: ['noslash'], ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: '', uid: '' }], labels: { '-': 'x y' }, annotations: { 'a b': '' } } }),
    ...mutationsOf(bare).filter(({ what }) => !what.startsWith('.status') && !what.startsWith('.metadata')).map(({ what, body }) => put(what, body)),
    ...(definition === undefined ? [] : [...widened(bare, definition)].filter(({ what }) => !what.startsWith('.status')).map(({ what, body }) => put(what, body))),
  ]
}

/** Creates of the example with one more field. */
export function widening({ kind, collection, draft }: Place): readonly Step[] {
  const definition = definitionOf(kind.served[0]?.definition ?? '')
  return definition === undefined ? [] : [...widened(draft, definition)].map(({ what, body }) => ({ what: `create with ${what}`, request: { line: `POST ${collection}?${strict}`, body } }))
}

/** Writes of the status: all of it, single changes, and patches. */
export function statuses({ kind, collection, name }: Place, stored: Plain): readonly Step[] {
  if (kind.subresources?.some((each) => each.name === 'status') !== true) return []
  const definition = definitionOf(kind.served[0]?.definition ?? '')
  const of = definition?.fields['status']?.ref
  const inner = of === undefined ? undefined : definitionOf(of)
  if (inner === undefined) return []
  const full = objectOf(inner, 1)
  const had = (stored['status'] ?? {}) as Plain
  const line = `${collection}/${name}/status`
  const put = (what: string, status: Json, query = strict): Step => ({ what: `status put with ${what}`, request: { line: `PUT ${line}?${query}`, body: { ...stored, status } } })
  return [
    { what: 'status get', request: { line: `GET ${line}` } },
    put('nothing changed', had), put('everything', full), ...Object.entries(full).map(([field, value]) => put(`.${field}`, { ...had, [field]: value })),
    ...Object.entries(full).flatMap(([field, value]) => mutationsOf({ [field]: value }).map(({ what, body }) => put(`one and ${what}`, { ...had, ...(body as Plain) }))),
    { what: 'status merge patch of other parts', request: { line: `PATCH ${line}?dryRun=All`, headers: merge, body: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' }, finalizers: ['x.y/z'] }, spec: { replicas: 9 } } } },
    ...Object.entries(full).map(([field, value]): Step => ({ what: `status merge patch of .${field}`, request: { line: `PATCH ${line}?dryRun=All`, headers: merge, body: { status: { [field]: value } } } })),
    ...Object.entries(full).map(([field, value]): Step => ({ what: `status strategic patch of .${field}`, request: { line: `PATCH ${line}?dryRun=All`, headers: strategic, body: { status: { [field]: value } } } })),
    ...Object.entries(full).map(([field, value]): Step => ({ what: `status apply of .${field}`, request: { line: `PATCH ${line}?dryRun=All&fieldManager=s`, headers: apply, body: { apiVersion: stored['apiVersion'], kind: stored['kind'], metadata: { name }, status: { [field]: value } } } })),
    { what: 'status json patch', request: { line: `PATCH ${line}?dryRun=All`, headers: json, body: [{ op: 'replace', path: '/status', value: {} }] } },
    { what: 'status removed', request: { line: `PATCH ${line}?dryRun=All`, headers: json, body: [{ op: 'remove', path: '/status' }] } },
  ]
}

/** Patches of every type. */
export function patches({ kind, collection, name, draft }: Place, stored: Plain): readonly Step[] {
  const line = `PATCH ${collection}/${name}?dryRun=All`
  const definition = definitionOf(kind.served[0]?.definition ?? '')
  const parts = Object.entries(stored).filter(([field]) => !['apiVersion', 'kind', 'metadata', 'status'].includes(field))
  const inner = parts.flatMap(([part, value]) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value).map(([field, item]) => [part, field, item as Json] as const) : []))
  const steps: Step[] = []
  const step = (what: string, headers: Readonly<Record<string, string>>, body: Json, query = ''): void => { steps.push({ what: `${what} of ${JSON.stringify(body).slice(0, 90)}`, request: { line: `${line}${query}`, headers, body } }) }
  for (const headers of [merge, strategic]) {
    const type = headers === merge ? 'merge patch' : 'strategic patch'
    step(type, headers, {})
    step(type, headers, { metadata: { labels: null, annotations: { 'a/b': 'c', gone: null }, finalizers: ['example.com/f'] } })
    step(type, headers, { metadata: { name: 'other' } })
    step(type, headers, { metadata: { uid: 'other', resourceVersion: '1' } })
    step(type, headers, { metadata: { labels: { a: 5 } } })
    step(type, headers, { kind: 'Other' })
    step(type, headers, { apiVersion: 'other/v1' })
    step(type, headers, { status: { replicas: 3, phase: 'Other' } })
    step(type, headers, { unknownField: 1, metadata: { alsoUnknown: 2 } }, '&fieldValidation=Strict')
    step(type, headers, [])
    for (const [part, value] of parts) { step(type, headers, { [part]: null }); step(type, headers, { [part]: 'text' }); step(type, headers, { [part]: value }) }
    for (const [part, field, item] of inner) {
      step(type, headers, { [part]: { [field]: null } })
      step(type, headers, { [part]: { [field]: { wrong: 'form' } } })
      if (Array.isArray(item)) { step(type, headers, { [part]: { [field]: [] } }); step(type, headers, { [part]: { [field]: [{ name: 'added' }] } }); step(type, headers, { [part]: { [field]: [...item, ...item] } }) }
    }
  }
  step('strategic patch', strategic, { metadata: { $deleteFromPrimitiveList: { finalizers: ['example.com/one'] } } })
  step('strategic patch', strategic, { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/one'] } })
  step('strategic patch', strategic, { metadata: { '$setElementOrder/finalizers': ['b/c', 'a/b'], finalizers: ['a/b', 'b/c'] } })
  step('strategic patch', strategic, { metadata: { labels: { $patch: 'replace', only: 'this' } } })
  step('strategic patch', strategic, { metadata: { labels: { $patch: 'delete' } } })
  step('strategic patch', strategic, { metadata: { labels: { $patch: 'wrong' } } })
  step('strategic patch', strategic, { $patch: 'replace', metadata: { name } })
  step('strategic patch', strategic, { $patch: 'delete' })
  for (const [part, field, item] of inner) {
    if (!Array.isArray(item)) { step('strategic patch', strategic, { [part]: { [field]: { $patch: 'delete' } } }); step('strategic patch', strategic, { [part]: { [field]: { $retainKeys: ['type'], type: 'Recreate' } } }); continue }
    const ref = definition?.fields[part]?.ref
    const key = ref === undefined ? undefined : definitionOf(ref)?.fields[field]?.patchMergeKey
    const first = item[0] as Json
    step('strategic patch', strategic, { [part]: { [field]: [{ $patch: 'replace' }, ...item] } })
    step('strategic patch', strategic, { [part]: { [field]: [{ $patch: 'delete' }] } })
    if (key === undefined || typeof first !== 'object' || first === null) continue
    const id = (first as Plain)[key]
    step('strategic patch', strategic, { [part]: { [field]: [{ $patch: 'delete', [key]: id }] } })
    step('strategic patch', strategic, { [part]: { [field]: [{ $patch: 'merge', [key]: id, other: 'x' }] } })
    step('strategic patch', strategic, { [part]: { [`$setElementOrder/${field}`]: [{ [key]: 'new' }, { [key]: id }], [field]: [{ ...first, [key]: 'new' }] } })
    step('strategic patch', strategic, { [part]: { [`$setElementOrder/${field}`]: [{ [key]: id }], [field]: [{ ...first, [key]: 'new' }] } })
    step('strategic patch', strategic, { [part]: { [`$setElementOrder/${field}`]: 'text' } })
  }
  const one = (op: Plain): void => { step('json patch', json, [op]) }
  one({ op: 'add', path: '/metadata/labels/new', value: 'x' })
  one({ op: 'add', path: '/metadata/annotations', value: { a: 'b' } })
  one({ op: 'add', path: '/metadata/nothing/here', value: 1 })
  one({ op: 'remove', path: '/metadata/labels/none' })
  one({ op: 'replace', path: '/metadata/name', value: 'other' })
  one({ op: 'replace', path: '/metadata/missing', value: 'other' })
  one({ op: 'test', path: '/metadata/name', value: 'wrong' })
  one({ op: 'test', path: '/kind', value: stored['kind'] })
  one({ op: 'copy', from: '/metadata/name', path: '/metadata/labels/copied' })
  one({ op: 'move', from: '/metadata/labels', path: '/metadata/annotations' })
  one({ op: 'wrong', path: '/metadata' })
  one({ path: '/metadata' })
  one({ op: 'add', path: 'metadata', value: 1 })
  one({ op: 'replace', path: '', value: draft })
  for (const [part, value] of parts) { one({ op: 'remove', path: `/${part}` }); one({ op: 'replace', path: `/${part}`, value: 7 }); one({ op: 'test', path: `/${part}`, value }) }
  for (const [part, field, item] of inner) {
    one({ op: 'remove', path: `/${part}/${field}` })
    one({ op: 'replace', path: `/${part}/${field}`, value: null })
    if (Array.isArray(item)) { one({ op: 'add', path: `/${part}/${field}/-`, value: item[0] }); one({ op: 'remove', path: `/${part}/${field}/0` }); one({ op: 'remove', path: `/${part}/${field}/9` }) }
  }
  step('json patch', json, { op: 'add' })
  step('json patch', json, [])
  return steps
}

/** Applies by two managers, one after the other: what each owns, conflicts, force, giving up. */
export function applies({ kind, collection, name, draft }: Place): readonly Step[] {
  const line = `PATCH ${collection}/${name}`
  const { apiVersion } = draft
  const head = { apiVersion, kind: kind.kind }
  const metadata = metaOf(draft)
  const parts = Object.entries(draft).filter(([field]) => !['apiVersion', 'kind', 'metadata'].includes(field))
  const by = (what: string, manager: string, body: Json, query = ''): Step => ({ what: `apply ${what}`, request: { line: `${line}?fieldManager=${manager}${query}`, headers: apply, body } })
  const labelled = (labels: Plain, rest: Plain = {}): Plain => ({ ...head, metadata: { name, ...(metadata['namespace'] !== undefined && { namespace: metadata['namespace'] }), labels }, ...rest })
  const scalars = parts.flatMap(([part, value]) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value).map(([field, item]) => [part, field, item as Json] as const) : []))
  return [
    by('without a manager', '', draft), by('of a draft that is new, dry', 'one', draft, '&dryRun=All'), by('of a draft that is new', 'one', draft), by('again', 'one', draft),
    by('of the same by another', 'two', draft), by('of another label', 'two', labelled({ 'by-two': 'yes' })), by('of a label in conflict', 'three', labelled({ 'by-two': 'no' })), by('of it by force', 'three', labelled({ 'by-two': 'no' }), '&force=true'),
    by('giving up all', 'three', labelled({})), by('of fewer labels', 'two', labelled({})),
    ...scalars.flatMap(([part, field, item]) => [
      by(`of ${part}.${field} alone, dry`, 'four', labelled({}, { [part]: { [field]: item } }), '&dryRun=All'),
      by(`of ${part}.${field} null, dry`, 'four', labelled({}, { [part]: { [field]: null } }), '&dryRun=All'),
      by(`of ${part}.${field} emptied, dry`, 'four', labelled({}, { [part]: { [field]: Array.isArray(item) ? [] : typeof item === 'object' ? {} : typeof item === 'number' ? item + 1 : typeof item === 'boolean' ? !item : `${String(item)}x` } }), '&dryRun=All'),
      by(`of ${part}.${field} emptied by force, dry`, 'four', labelled({}, { [part]: { [field]: Array.isArray(item) ? [] : typeof item === 'object' ? {} : typeof item === 'number' ? item + 1 : typeof item === 'boolean' ? !item : `${String(item)}x` } }), '&dryRun=All&force=true'),
      by(`without ${part}.${field}, dry`, 'one', { ...draft, [part]: Object.fromEntries(Object.entries(draft[part] as Plain).filter(([name]) => name !== field)) }, '&dryRun=All'),
    ]),
    by('of unknown fields', 'one', { ...draft, unknownField: 1 }), by('of an old version', 'one', { ...draft, metadata: { ...metadata, resourceVersion: '1' } }), by('with managedFields', 'one', { ...draft, metadata: { ...metadata, managedFields: [] } }),
    by('of another uid', 'one', { ...draft, metadata: { ...metadata, uid: 'other' } }), by('of another name', 'one', { ...draft, metadata: { ...metadata, name: 'other' } }), by('of another kind', 'one', { ...draft, kind: 'Other' }), by('without kind', 'one', { metadata }), by('of text', 'one', 'text'), by('of nothing', 'one', ''),
    { what: 'put after applies', request: { line: `PUT ${collection}/${name}?dryRun=All&fieldManager=five`, body: { ...draft, metadata: { ...metadata, labels: { put: 'yes' } } } }, isVersioned: true },
    { what: 'merge patch after applies', request: { line: `${line}?fieldManager=six`, headers: merge, body: { metadata: { labels: { patched: 'yes' }, annotations: null } } } },
    by('after that', 'one', draft), by('by force after that', 'one', draft, '&force=true'),
    { what: 'get after applies', request: { line: `GET ${collection}/${name}` } },
  ]
}

/** Scales, names, selectors, options of deletes. */
export function others({ kind, collection, name, draft }: Place): readonly Step[] {
  const one = `${collection}/${name}`
  const metadata = metaOf(draft)
  const isScaled = kind.subresources?.some((each) => each.name === 'scale') === true
  const scale = (replicas: Json, rest: Plain = {}): Plain => ({ kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name, namespace: metadata['namespace'], ...rest }, spec: { replicas } })
  const put = (what: string, body: Json): Step => ({ what: `scale put ${what}`, request: { line: `PUT ${one}/scale?dryRun=All`, body } })
  const remove = (what: string, body: Json, query = '?dryRun=All'): Step => ({ what: `delete ${what}`, request: { line: `DELETE ${one}${query}`, ...(body !== undefined && { body }) } })
  const options = (rest: Plain): Plain => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...rest })
  return [
    ...(isScaled ? [
      { what: 'scale get', request: { line: `GET ${one}/scale` } }, put('of 3', scale(3)), put('of nothing', scale(undefined)), put('of a negative', scale(-1)), put('of text', scale('x')), put('of an old version', scale(2, { resourceVersion: '1' })), put('of another uid', scale(2, { uid: 'x' })), put('of another kind', { ...scale(2), kind: 'Other' }),
      { what: 'scale merge patch', request: { line: `PATCH ${one}/scale?dryRun=All`, headers: merge, body: { spec: { replicas: 5 } } } }, { what: 'scale strategic patch', request: { line: `PATCH ${one}/scale?dryRun=All`, headers: strategic, body: { spec: { replicas: 6 } } } },
      { what: 'scale json patch', request: { line: `PATCH ${one}/scale?dryRun=All`, headers: json, body: [{ op: 'replace', path: '/spec/replicas', value: 4 }] } }, { what: 'scale patch of a negative', request: { line: `PATCH ${one}/scale?dryRun=All`, headers: merge, body: { spec: { replicas: -4 } } } },
      { what: 'scale patch for real', request: { line: `PATCH ${one}/scale?fieldManager=scaler`, headers: merge, body: { spec: { replicas: 2 } } } }, { what: 'get after scale', request: { line: `GET ${one}` } },
      { what: 'scale apply', request: { line: `PATCH ${one}/scale?fieldManager=applier&dryRun=All`, headers: apply, body: scale(7) } }, { what: 'scale apply by force', request: { line: `PATCH ${one}/scale?fieldManager=applier&dryRun=All&force=true`, headers: apply, body: scale(7) } },
    ] : []),
    { what: 'create of what is there', request: { line: `POST ${collection}`, body: draft } },
    { what: 'create of a wrong version', request: { line: `POST ${collection}?dryRun=All`, body: { ...draft, metadata: { ...metadata, resourceVersion: '5' } } } },
    { what: 'create of another kind', request: { line: `POST ${collection}?dryRun=All`, body: { ...draft, kind: 'Other' } } },
    { what: 'create in another version', request: { line: `POST ${collection}?dryRun=All`, body: { ...draft, apiVersion: 'other/v9' } } },
    { what: 'create in another namespace', request: { line: `POST ${collection}?dryRun=All`, body: { ...draft, metadata: { ...metadata, namespace: 'elsewhere' } } } },
    { what: 'create of nothing', request: { line: `POST ${collection}?dryRun=All`, body: {} } },
    { what: 'create with a wrong dry run', request: { line: `POST ${collection}?dryRun=Some`, body: draft } },
    { what: 'create with a wrong field validation', request: { line: `POST ${collection}?fieldValidation=Some`, body: draft } },
    { what: 'create with a long manager', request: { line: `POST ${collection}?fieldManager=${'x'.repeat(130)}`, body: draft } },
    { what: 'get of nothing', request: { line: `GET ${collection}/none` } },
    { what: 'put of nothing', request: { line: `PUT ${collection}/none`, body: { ...draft, metadata: { ...metadata, name: 'none' } } } },
    { what: 'put of another name', request: { line: `PUT ${one}`, body: { ...draft, metadata: { ...metadata, name: 'none' } } } },
    { what: 'patch of nothing', request: { line: `PATCH ${collection}/none`, headers: merge, body: {} } },
    { what: 'delete of nothing', request: { line: `DELETE ${collection}/none` } },
    { what: 'wrong patch type', request: { line: `PATCH ${one}`, headers: typed('json'), body: {} } },
    ...['metadata.name=web', 'metadata.name!=web', 'metadata.namespace=default', 'spec.unknown=x', 'metadata.labels=x', 'status.phase=Running', 'spec.nodeName=n1', 'type=Opaque', 'wrong', 'a=b,'].map((selector): Step => ({ what: `list with field selector ${selector}`, request: { line: `GET ${collection}?limit=500&fieldSelector=${encodeURIComponent(selector)}`, headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' } } })),
    ...['app=web', 'app in (web,db)', '!app', 'app notin', 'a b', 'app==web,x!=y'].map((selector): Step => ({ what: `list with label selector ${selector}`, request: { line: `GET ${collection}?labelSelector=${encodeURIComponent(selector)}`, headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' } } })),
    remove('dry', undefined), remove('of another uid', options({ preconditions: { uid: 'x' } })), remove('of another version', options({ preconditions: { resourceVersion: '1' } })), remove('of both', options({ preconditions: { uid: 'x', resourceVersion: '1' } })),
    ...['Foreground', 'Background', 'Orphan', 'Other'].map((policy) => remove(`with ${policy}`, options({ propagationPolicy: policy, dryRun: ['All'] }), '')),
    remove('with both ways', options({ propagationPolicy: 'Orphan', orphanDependents: true })), remove('of another kind', { kind: 'Other', apiVersion: 'v1' }), remove('with a grace', options({ gracePeriodSeconds: 5 })), remove('with a negative grace', options({ gracePeriodSeconds: -5 })), remove('with a wrong body', '{'), remove('with unknown fields', options({ unknownField: 1 })),
    remove('by query', undefined, '?dryRun=All&gracePeriodSeconds=3&propagationPolicy=Foreground'), remove('by a wrong query', undefined, '?dryRun=All&gracePeriodSeconds=x'), remove('by a wrong policy in the query', undefined, '?dryRun=All&propagationPolicy=Other'), remove('by a wrong dry run', undefined, '?dryRun=Some'),
  ]
}
