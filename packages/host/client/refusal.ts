import { wordsOf } from '@kubeskiff/core/base'
import type { Refusal } from '@kubeskiff/core/api'
import type { Answer } from './connection.ts'

/** The refusal in an answer that is not a success: its Status, or what can be told without one. */
export function refusalOf(answer: Answer): Refusal {
  let status: unknown
  try { status = JSON.parse(answer.body) } catch {
    status = undefined // not from an API server: the code is all there is
  }
  const field = (name: string): unknown => (typeof status === 'object' && status !== null ? (status as Readonly<Record<string, unknown>>)[name] : undefined)
  return { refused: true, code: answer.status, reason: String(field('reason') ?? 'Unknown'), message: String(field('message') ?? answer.body.slice(0, 200)) }
}

/** What an action comes to when no answer came: it may or may not have been carried out, so that the actor looks again. */
export const unreachable = (error: unknown): Refusal =>
  ({ refused: true, code: 503, reason: 'ServiceUnavailable', message: wordsOf(error) })
