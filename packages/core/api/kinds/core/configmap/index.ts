import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ConfigMap, configMaps } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { asItIs } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkText, forbidden, invalid, tooLong } from '../../problems.ts'
import { checkDataKey, dataMax } from '../data.ts'

function check(next: ConfigMap, before: ConfigMap | undefined): readonly Problem[] {
  const { data = {}, binaryData = {} } = next
  const size = [...Object.values(data), ...Object.values(binaryData)].reduce((sum, each) => sum + each.length, 0)
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...Object.keys(data).flatMap((key) => [
      ...checkText(`data[${key}]`, key, checkDataKey),
      ...(Object.hasOwn(binaryData, key) ? [invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')] : []),
    ]),
    ...Object.keys(binaryData).flatMap((key) => checkText(`binaryData[${key}]`, key, checkDataKey)),
    ...(size > dataMax ? [tooLong('', dataMax)] : []),
    ...(before?.immutable === true ? checkUnchanged(next, before) : []),
  ]
}

function checkUnchanged(next: ConfigMap, before: ConfigMap): readonly Problem[] {
  const why = 'field is immutable when `immutable` is set'
  return [
    ...(next.immutable === true ? [] : [forbidden('immutable', why)]),
    ...(sameMeaning(next.data, before.data) ? [] : [forbidden('data', why)]),
    ...(sameMeaning(next.binaryData, before.binaryData) ? [] : [forbidden('binaryData', why)]),
  ]
}

export const configMap: Kind<ConfigMap> = {
  ...configMaps,
  singular: 'configmap', shortNames: ['cm'], categories: [],
  hasStatus: false,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.ConfigMap', fill: asItIs,
    columns: [
      nameColumn,
      text('Data', 'Data contains the configuration data. Each key must consist of alphanumeric characters, \'-\', \'_\' or \'.\'. Values with non-UTF-8 byte sequences must use the BinaryData field.',
        ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length),
      ageColumn,
    ],
  }],
  check,
}
