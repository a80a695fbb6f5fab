import assert from 'node:assert/strict'
import { test } from 'node:test'
import { familiarNames, normalise } from './reference.ts'

const digest = `sha256:${'a'.repeat(64)}`
const rows: readonly (readonly [string, string | undefined])[] = [
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['library/nginx', 'docker.io/library/nginx:latest'],
  ['bitnami/redis:7', 'docker.io/bitnami/redis:7'],
  ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app:v1', 'localhost:5000/app:v1'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
  [`quay.io/a/b@${digest}`, `quay.io/a/b@${digest}`],
  [`nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`],
  ['Nginx', undefined], ['', undefined], ['a b', undefined], ['nginx:', undefined], ['nginx@sha256:12', undefined], ['-a', undefined], ['a//b', undefined],
]

for (const [written, complete] of rows) test(`the image name ${JSON.stringify(written)} means ${complete ?? 'nothing'}`, () => assert.equal(normalise(written), complete))

test('an image is known by every way of writing its name', () => {
  assert.deepEqual(familiarNames('docker.io/library/nginx:latest'), ['docker.io/library/nginx:latest', 'library/nginx:latest', 'nginx:latest', 'docker.io/library/nginx', 'library/nginx', 'nginx'])
  assert.deepEqual(familiarNames('quay.io/a/b:1'), ['quay.io/a/b:1'])
})
