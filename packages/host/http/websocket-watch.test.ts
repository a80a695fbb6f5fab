// Web pages watch over WebSocket: their token comes as a subprotocol, and is none to answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { exampleHandler, testServer } from './testing.ts'
import { createStore } from '@kubeskiff/core/store'

const token = 'secret-token'
const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`

/** Opens a watch, writes one object, and gives the first message. */
async function firstMessage(protocols: readonly string[], contentType: string): Promise<{ readonly protocol: string; readonly text: string; readonly binary: boolean; readonly authorization: string | undefined }> {
  const store = createStore()
  const example = exampleHandler(store)
  let authorization: string | undefined
  const { url, close } = await testServer({
    tls: 'none', store,
    handler: {
      step(request, answers) {
        const reply = example.step(request, answers)
        if (reply.is !== 'watch') return reply
        authorization = request.headers['authorization']
        return { ...reply, headers: { 'content-type': contentType } }
      },
    },
  })
  const webSocket = new WebSocket(`${url.replace('http', 'ws')}/watch`, [...protocols])
  const found = await new Promise<{ readonly text: string; readonly binary: boolean }>((resolve, reject) => {
    webSocket.once('error', reject)
    webSocket.once('open', () => { fetch(`${url}/write/four-and-more`, { method: 'POST' }).catch(reject) })
    webSocket.once('message', (data, binary) => { resolve({ text: data.toString(), binary }) })
  })
  const { protocol } = webSocket
  webSocket.terminate()
  await close()
  return { protocol, ...found, authorization }
}

test('each event is a text frame without a newline; the one protocol that is left is answered', async () => {
  assert.deepEqual(await firstMessage(['base64.binary.k8s.io', bearer], 'application/json'), { protocol: 'base64.binary.k8s.io', text: 'four-and-more', binary: false, authorization: `Bearer ${token}` })
  assert.deepEqual(await firstMessage([], 'application/json'), { protocol: '', text: 'four-and-more', binary: false, authorization: undefined })
})

test('in protobuf each event is a binary frame, without the length before it', async () => {
  assert.deepEqual(await firstMessage([], 'application/vnd.kubernetes.protobuf;stream=watch'), { protocol: '', text: '-and-more\n', binary: true, authorization: undefined })
})
