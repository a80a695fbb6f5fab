import type { Secret as SecretModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type Secret, secrets } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withDefaults } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkText, forbidden, immutable, invalid, required, tooLong } from '../../problems.ts'
import { checkDataKey, dataMax } from '../data.ts'

/** stringData is only for writing: its texts become data, and win over data of the same key. */
function fill(draft: SecretModel): SecretModel {
  const typed = withDefaults(draft, { type: 'Opaque' })
  const { stringData, ...rest } = typed
  if (stringData === undefined) return typed
  const encoded = Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, new TextEncoder().encode(value).toBase64()]))
  return { ...rest, data: { ...rest.data, ...encoded } }
}

const redacted = '<secret contents redacted>'

function check(next: Secret, before: Secret | undefined): readonly Problem[] {
  const { data = {} } = next
  const size = Object.values(data).reduce((sum, each) => sum + Math.floor((each.length * 3) / 4), 0)
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(before !== undefined && next.type !== before.type ? [immutable('type', next.type)] : []),
    ...(before?.immutable === true ? checkUnchanged(next, before) : []),
    ...Object.keys(data).flatMap((key) => checkText(`data[${key}]`, key, checkDataKey)),
    ...(size > dataMax ? [tooLong('data', dataMax)] : []),
    ...checkForType(next),
  ]
}

function checkUnchanged(next: Secret, before: Secret): readonly Problem[] {
  const why = 'field is immutable when `immutable` is set'
  return [...(next.immutable === true ? [] : [forbidden('immutable', why)]), ...(sameMeaning(next.data, before.data) ? [] : [forbidden('data', why)])]
}

function checkForType({ type, data = {}, metadata }: Secret): readonly Problem[] {
  const missing = (...keys: readonly string[]): readonly Problem[] => keys.filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`))
  const json = (key: string): readonly Problem[] => {
    const value = data[key]
    return value === undefined ? [required(`data[${key}]`)] : isJson(value) ? [] : [invalid(`data[${key}]`, redacted, 'invalid character in JSON')]
  }
  switch (type) {
    case 'kubernetes.io/service-account-token': {
      const annotation = 'kubernetes.io/service-account.name'
      return metadata.annotations?.[annotation] ? [] : [required(`metadata.annotations[${annotation}]`)]
    }
    case 'kubernetes.io/dockercfg': return json('.dockercfg')
    case 'kubernetes.io/dockerconfigjson': return json('.dockerconfigjson')
    case 'kubernetes.io/basic-auth': return data['username'] === undefined && data['password'] === undefined ? missing('username', 'password') : []
    case 'kubernetes.io/ssh-auth': return data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')]
    case 'kubernetes.io/tls': return missing('tls.crt', 'tls.key')
    default: return []
  }
}

function isJson(base64: string): boolean {
  try {
    JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(base64)))
    return true
  } catch {
    return false
  }
}

export const secret: Kind<Secret> = {
  ...secrets,
  singular: 'secret', shortNames: [], categories: [],
  hasStatus: false,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.Secret', fill: filling(fill),
    columns: [
      nameColumn,
      text('Type', 'Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types', ({ type }) => type ?? ''),
      text('Data', "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4", ({ data = {} }) => Object.keys(data).length),
      ageColumn,
    ],
    fields: { type: ({ type }) => type ?? '' },
  }],
  check,
}
