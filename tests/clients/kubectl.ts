// Stories that are told to stock kubectls: a line typed, and all that is printed.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { stockKubectl } from '../e2e/playground.ts'
import { TestCluster } from './cluster.ts'

/** What is expected of a line: the exact text (both outputs, in order out, err), or a pattern. */
export type Expected = string | RegExp

export interface Shell {
  readonly cluster: TestCluster
  /** Whether this is a kubectl of before 1.21. */
  readonly old: boolean
  /** Runs `kubectl WORDS`, which has to succeed; what it printed. Words are split at spaces unless quoted. */
  run(line: string, options?: { readonly input?: string; readonly editor?: string }): string
  /** As `run`, of a line that has to be refused. */
  refused(line: string, options?: { readonly input?: string; readonly editor?: string }): string
  /** Runs lines in order and compares what each prints. */
  story(lines: readonly (readonly [line: string, expected: Expected, input?: string])[]): void
  /** Runs a line until it prints what is expected; fails after some seconds with what it printed last. */
  eventually(line: string, expected: RegExp): string
  /** Starts a line that goes on by itself, such as a watch. */
  start(line: string): Going
}

/** A kubectl that is at work. */
export interface Going {
  /** Waits until it has printed this; all that it has printed. */
  sees(expected: RegExp): Promise<string>
  stop(): void
}

const patienceMs = 30_000
const pauseMs = 100

interface Client { readonly name: string; readonly program: string | undefined; readonly why: string; readonly old: boolean }
const clients: readonly Client[] = [
  { name: 'kubectl', program: stockKubectl(), why: 'no kubectl on PATH, and SKIFF_TEST_KUBECTL names none', old: false },
  { name: 'an old kubectl', program: stockKubectl('SKIFF_TEST_KUBECTL_OLD'), why: 'SKIFF_TEST_KUBECTL_OLD names no kubectl 1.20', old: true },
]

/** Tells a story to every kubectl there is, each on a cluster of its own. */
export function withEveryKubectl(what: string, tell: (shell: () => Shell) => void): void { withKubectls(clients, what, tell) }

/** Tells a story to the newest kubectl only, where another would show nothing more. */
export function withKubectl(what: string, tell: (shell: () => Shell) => void): void { withKubectls(clients.filter(({ old }) => !old), what, tell) }

function withKubectls(those: readonly Client[], what: string, tell: (shell: () => Shell) => void): void {
  for (const { name, program, why, old } of those) {
    describe(`${what}, by ${name}`, { skip: program === undefined ? why : false }, () => {
      if (program === undefined) return
      let shell: Shell | undefined
      before(async () => { shell = shellOf(await TestCluster.start(), program, isOld(program, old)) })
      after(async () => { await shell?.cluster.stop() })
      tell(() => {
        assert.ok(shell)
        return shell
      })
    })
  }
}

function isOld(program: string, expected: boolean): boolean {
  const { stdout } = spawnSync(program, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
  const minor = /"gitVersion":\s*"v1\.(\d+)/.exec(stdout)?.[1]
  return minor === undefined ? expected : Number(minor) < 21
}

function shellOf(cluster: TestCluster, program: string, old: boolean): Shell {
  const type = (line: string, { input, editor }: { readonly input?: string; readonly editor?: string } = {}) =>
    cluster.kubectl(program, wordsOf(line), { ...(input !== undefined && { input }), ...(editor !== undefined && { environment: { KUBE_EDITOR: editor } }) })
  const shell: Shell = {
    cluster, old,
    run(line, options) {
      const { code, out, err } = type(line, options)
      assert.equal(code, 0, `kubectl ${line}: ${out}${err}`)
      return plain(out + err)
    },
    refused(line, options) {
      const { code, out, err } = type(line, options)
      assert.notEqual(code, 0, `kubectl ${line} was not refused: ${out}${err}`)
      return plain(out + err)
    },
    story(lines) {
      for (const [line, expected, input] of lines) {
        const { out, err } = type(line, input === undefined ? {} : { input })
        const text = plain(out + err)
        if (typeof expected === 'string') assert.equal(text, expected === '' ? '' : `${expected}\n`, `kubectl ${line}`)
        else assert.match(text, expected, `kubectl ${line}`)
      }
    },
    eventually(line, expected) {
      for (const deadline = performance.now() + patienceMs; ;) {
        const { out, err } = type(line)
        const text = plain(out + err)
        if (expected.test(text) || performance.now() > deadline) {
          assert.match(text, expected, `kubectl ${line}`)
          return text
        }
      }
    },
    start: (line) => going(line, cluster.startKubectl(program, wordsOf(line))),
  }
  return shell
}

function going(line: string, child: ReturnType<TestCluster['startKubectl']>): Going {
  let said = ''
  const hear = (chunk: Buffer): void => { said += chunk.toString() }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  return {
    async sees(expected) {
      for (let waited = 0; waited < patienceMs && !expected.test(said); waited += pauseMs) await sleep(pauseMs)
      assert.match(said, expected, `kubectl ${line}`)
      return said
    },
    stop: () => { child.kill() },
  }
}

/** Without colours, and without what clients say about other versions. */
const plain = (text: string): string => stripVTControlCharacters(text).replace(/^WARNING: version difference.*\n/m, '')

/** The words of a line: quotes hold words together. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)].map(([word]) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_quoted, single: string | undefined, double: string | undefined) => single ?? double ?? ''))
}
