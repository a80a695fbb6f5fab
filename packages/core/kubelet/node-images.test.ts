import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imagesTold, imagesToldMax } from './node-images.ts'

test('a node tells of its images by full names, the largest first and only the largest', () => {
  assert.deepEqual(imagesTold(new Map([
    ['web:1', { id: 'sha256:aa', sizeBytes: 10 }], ['nginx', { id: 'sha256:bb', sizeBytes: 30 }], ['docker.io/library/nginx:latest', { id: 'sha256:bb', sizeBytes: 30 }],
    ['example.com:5000/team/app@sha256:cc', { id: 'sha256:cc', sizeBytes: 20 }],
    ['tools:1', { id: 'docker.io/library/tools@sha256:dd', sizeBytes: 5 }],
  ])), [
    { names: ['docker.io/library/nginx@sha256:bb', 'docker.io/library/nginx:latest'], sizeBytes: 30 },
    { names: ['example.com:5000/team/app@sha256:cc'], sizeBytes: 20 },
    { names: ['docker.io/library/web@sha256:aa', 'docker.io/library/web:1'], sizeBytes: 10 },
    { names: ['docker.io/library/tools@sha256:dd', 'docker.io/library/tools:1'], sizeBytes: 5 },
  ])
  const many = imagesTold(new Map(Array.from({ length: 60 }, (_, n) => [`i${n}:1`, { id: `sha256:${n}`, sizeBytes: n }] as const)))
  assert.deepEqual([many.length, many.at(-1)?.sizeBytes], [imagesToldMax, 10])
})
