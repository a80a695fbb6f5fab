import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { test } from 'node:test'
import type { StoredImage } from '../images/index.ts'
import { imagesInUse, imagesNotedInUse } from './images-in-use.ts'
import { placesIn } from './places.ts'
import { type ContainerRecord, type PodRecord, writeRecord } from './records.ts'

const image = (id: string): StoredImage => ({ id, digest: `${id}@`, settings: {}, architecture: '', layers: [], sizeBytes: 0, configuration: '' })
const images = { find: (name: string) => (name === 'not here' ? undefined : image(name)), unnamed: () => [image('lost its name')] }

test('images stay for containers that are made, run or have run, and for volumes', () => {
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
  const held = { pods: new Map([['uid', pod]]) } as unknown as Parameters<typeof imagesInUse>[0]
  assert.deepEqual([...imagesInUse(held, images)], ['volume', 'old@', 'new@', 'made', 'lost its name'])
})

test('who is not the agent reads what that has written down; without volumes an image that lost its name is nobody\'s', () => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-in-use-`)
  try {
    const at = placesIn(directory).pod('u')
    const own = at.attempt('main', 0)
    mkdirSync(dirname(own.record), { recursive: true })
    writeRecord(at.record, { uid: 'u', volumeSpecs: [] } as unknown as PodRecord)
    writeRecord(own.record, { container: 'main', state: { is: 'running', attempt: 0, image: 'tag', imageId: 'new@' } } as unknown as ContainerRecord)
    assert.deepEqual([...imagesNotedInUse(directory, images)], ['new@'])
    assert.deepEqual([...imagesNotedInUse(`${directory}/none`, images)], [])
  } finally { rmSync(directory, { recursive: true }) }
})
