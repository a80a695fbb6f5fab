import type { Machine } from '../machine.ts'
import type { Answer } from '../reply.ts'

/** /openapi/v2 and /openapi/v3: undefined until the documents are there. */
export function openapi(_machine: Machine, _path: string, _query: URLSearchParams, _headers: Readonly<Record<string, string>>): Answer | undefined {
  return undefined
}
