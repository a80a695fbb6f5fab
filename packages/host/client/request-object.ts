import type { Connection } from './connection.ts'
import { refusalOf } from './refusal.ts'

/** The object in the answer to a request; what is refused is an error with the refusal's message. */
export async function requestObject(connection: Pick<Connection, 'request'>, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await connection.request(method, path, body === undefined ? {} : { body: JSON.stringify(body) })
  if (answer.status >= 300) throw new Error(refusalOf(answer).message)
  return JSON.parse(answer.body)
}
