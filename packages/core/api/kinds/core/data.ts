import type { TextRule } from '../../selectors/syntax.ts'

/** The most that a ConfigMap or Secret may hold, in bytes. */
export const dataMax = 1024 * 1024

const keyMax = 253
const keyForm = /^[-._a-zA-Z0-9]+$/

/** A key of a ConfigMap or Secret: it becomes the name of a file. */
export const checkDataKey: TextRule = (key) => [
  ...(key.length > keyMax ? [`must be no more than ${keyMax} characters`] : []),
  ...(keyForm.test(key) ? [] : ["a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"]),
  ...(key === '.' ? ["must not be '.'"] : key === '..' ? ["must not be '..'"] : key.startsWith('..') ? ["must not start with '..'"] : []),
]
