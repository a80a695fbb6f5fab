// Pods on simulated nodes that tell by their scripts what real ones would: logs, followed logs, answers to commands.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { stockKubectl } from '../e2e/playground.ts'
import { TestCluster } from './cluster.ts'

const kubectl = stockKubectl() ?? ''
describe('scripts, by kubectl', { skip: kubectl === '' ? 'no kubectl' : false }, () => {
  let cluster: TestCluster
  before(async () => { cluster = await TestCluster.start(['--simulate', '1']) })
  after(async () => { await cluster.stop() })
  const run = (...words: readonly string[]) => cluster.kubectl(kubectl, words)

  test('a log is followed line by line to the end of its container', () => {
    const made = cluster.kubectl(kubectl, ['apply', '-f', '-'], { input: `apiVersion: v1
kind: Pod
metadata:
  name: talks
  annotations:
    skiff.dev/log: |
      one
      +1s two
      every 1s tick {n}
      end: bye
    skiff.dev/run-for: 2s
spec:
  restartPolicy: Never
  containers: [{name: main, image: x}]
` })
    assert.equal(made.code, 0, made.err)
    run('wait', '--for=jsonpath={.status.phase}=Running', 'pod/talks', '--timeout=20s')
    assert.equal(run('logs', '-f', 'talks').out, 'one\ntwo\ntick 1\ntick 2\nbye\n')
    assert.equal(run('logs', 'talks', '--tail=1').out, 'bye\n')
  })

  test('a command has the answer that the user gave it, with its exit code; others are refused', () => {
    assert.equal(cluster.kubectl(kubectl, ['apply', '-f', '-'], { input: `apiVersion: v1
kind: Pod
metadata:
  name: answers
  annotations:
    skiff.dev/exec.date: 'Sat Nov 28 09:00:00 UTC 2026'
    skiff.dev/exec.cat: |
      $ cat /etc/hostname
      answers
      $ cat /missing
      cat: can't open '/missing': No such file or directory
      exit 1
spec:
  containers: [{name: main, image: x}]
` }).code, 0)
    run('wait', '--for=condition=Ready', 'pod/answers', '--timeout=20s')
    assert.equal(run('exec', 'answers', '--', 'date').out, 'Sat Nov 28 09:00:00 UTC 2026\n')
    assert.equal(run('exec', 'answers', '--', 'cat', '/etc/hostname').out, 'answers\n')
    const missing = run('exec', 'answers', '--', 'cat', '/missing')
    assert.deepEqual([missing.code, missing.out], [1, "cat: can't open '/missing': No such file or directory\n"])
    assert.match(run('exec', 'answers', '--', 'cat', '/other').err, /there is no process to exec/)
    assert.match(run('exec', 'answers', '--', 'ls').err, /there is no process to exec/)
  })
})
