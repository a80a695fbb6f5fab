import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredImage } from '../images/index.ts'
import type { Held } from './held.ts'
import { imagesInUse } from './images-in-use.ts'

test('images stay for containers that are made, run or have run, and for volumes', () => {
  const image = (id: string): StoredImage => ({ id, digest: `${id}@`, settings: {}, architecture: '', layers: [], sizeBytes: 0, configuration: '' })
  const attempt = (state: object) => ({ record: { state } })
  const pod = {
    record: { volumeSpecs: [{ name: 'data', is: 'image', reference: 'volume' }, { name: 'scratch', is: 'emptyDir', medium: '' }] },
    containers: new Map([
      ['a', [attempt({ is: 'exited', image: 'tag', imageId: 'old@' }), attempt({ is: 'running', image: 'tag', imageId: 'new@' })]],
      ['b', [attempt({ is: 'creating', image: 'made' })]],
      ['c', [attempt({ is: 'failed', image: 'failed' })]],
      ['d', [attempt({ is: 'creating', image: 'not here' })]],
    ]),
  }
  const held = { pods: new Map([['uid', pod]]) } as unknown as Pick<Held, 'pods'>
  const used = imagesInUse(held, { find: (name) => (name === 'not here' ? undefined : image(name)) })
  assert.deepEqual([...used], ['volume', 'old@', 'new@', 'made'])
})
