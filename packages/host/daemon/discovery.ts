import { request } from 'node:https'
import { wordsOf } from '@kubeskiff/core/base'
import { openConnection } from '../client/index.ts'
import { type ClusterInfo, infoPath, readJoiningInfo } from './cluster-info.ts'

/** Why a machine can't join, in words for a person. */
export class JoinProblem extends Error {}

const timeoutMs = 10_000
/** Of characters; a cluster says a few thousand. Whoever answers may be anybody. */
const bodyMax = 1_000_000

/** Asks a cluster who it is, and believes it when its authority's key has the hash that was given. Throws a JoinProblem that says what to do. */
export async function discover(url: string, caHash: string): Promise<{ readonly authority: string; readonly info: ClusterInfo }> {
  const { status, body } = await unverified(new URL(infoPath, url))
  if (status === 401) throw new JoinProblem(`the cluster at ${url} answers nobody who has not signed in: its --authentication-config must let anonymous users read ${infoPath}`)
  if (status !== 200) throw new JoinProblem(`the cluster at ${url} takes no other machines (it answered ${status}): start it with 'skiff up --listen ADDRESS' on its machine`)
  let told: ReturnType<typeof readJoiningInfo>
  try { told = readJoiningInfo(body) } catch {
    throw new JoinProblem(`what answers at ${url} is no cluster that machines join: check the address and the port ('skiff token create' prints them)`)
  }
  const { authority, caHash: found } = told
  if (found !== caHash) throw new JoinProblem(`the cluster at ${url} has another authority (${found}) than --ca-hash says: take the line that 'skiff token create' prints on its machine. If that is the line, somebody stands between the two machines`)
  // Whoever told us this may have been anybody: now the server must show a certificate of that authority, and say again what is believed.
  const verified = openConnection({ url, authority })
  try {
    const { status: again, body: proven } = await verified.request('GET', infoPath, { timeoutMs })
    if (again !== 200) throw new JoinProblem(`the cluster at ${url} answered ${again}`)
    const { info } = readJoiningInfo(proven)
    if (info === undefined) throw new JoinProblem(`the cluster at ${url} is not one of Skiff's: its nodes join by kubeadm`)
    return { authority, info }
  } catch (error) {
    if (error instanceof JoinProblem) throw error
    const why = wordsOf(error)
    throw new JoinProblem(/not yet valid|has expired/.test(why) ? `the certificate of the server at ${url} does not hold at this machine's time, ${new Date().toISOString()} (${why}): set its clock` : `the server at ${url} does not prove who it is: ${why}`)
  } finally { verified.close() }
}

/** Nothing is sent but the question. */
function unverified(url: URL): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { rejectUnauthorized: false, agent: false, timeout: timeoutMs, headers: { accept: 'application/json' } }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        body += part
        if (body.length > bodyMax) asking.destroy(new Error('it does not stop talking'))
      }).on('end', () => { resolve({ status: answer.statusCode ?? 0, body }) })
    })
    asking.on('timeout', () => { asking.destroy(new Error('no answer in time')) })
    asking.on('error', (error: NodeJS.ErrnoException) => {
      const isWrong = error.code === 'EPROTO' || error.code?.startsWith('ERR_SSL') === true || error.code === 'ECONNRESET' || error.code?.startsWith('HPE_') === true
      reject(new JoinProblem(isWrong
        ? `what answers at ${url.origin} speaks no HTTPS: check the address and the port ('skiff token create' prints them)`
        : `nothing answers at ${url.origin} (${error.message}): is the cluster up, does it listen there ('skiff up --listen ADDRESS'), and does no firewall stand between?`))
    })
    asking.end()
  })
}
