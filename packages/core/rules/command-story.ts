// What a command does, where it says exactly that: nothing is guessed at.
import { durationMs } from '../base/duration.ts'

/** How long a command runs (undefined: until it is stopped), how it ends, and what it prints on the way. */
export interface Story { readonly runForMs: number | undefined; readonly exitCode: number; readonly says: readonly Said[] }
/** One line: as it is, or what the clock or the host's name is then. */
export type Said = { readonly afterMs: number } & ({ readonly is: 'text'; readonly text: string } | { readonly is: 'date' } | { readonly is: 'hostname' })

/** What a command does, when it consists of nothing but sleep, echo, true, false, :, date, hostname and exit; undefined when only a real container can tell. */
export function commandStory({ command = [], args = [] }: { readonly command?: readonly string[]; readonly args?: readonly string[] }): Story | undefined {
  const words = command.length > 0 ? [...command, ...args] : args
  const [first = '', second, third] = words
  if (/^(\/bin\/)?(sh|bash|ash)$/.test(first)) return (second === '-c' || second === '-ec') && third !== undefined && words.length === 3 ? scriptStory(third) : undefined
  return words.length === 0 || words.some((word) => word.includes('$(')) ? undefined : statementStory(words)
}

/** The statements of a shell script that has nothing else in it, with what stands before each; undefined when it has. */
function statementsOf(script: string): readonly { readonly words: readonly string[]; readonly after: '' | '&&' }[] | undefined {
  const statements: { words: string[]; after: '' | '&&' }[] = [{ words: [], after: '' }]
  const token = /\s*(?:(&&|;|\n)|((?:'[^']*'|"[^"$`\\]*"|[^\s'"|<>`$(){}\\&;*?[\]#~!])+)|$)/y
  // Blanks and new lines are told apart: only blanks may stand before a token.
  const text = script.replaceAll(/[ \t\r]*\n[ \t\r]*/g, '\n').trim()
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const newline = /^[ \t\r]*\n/.exec(text.slice(token.lastIndex))
    if (newline !== null) { statements.push({ words: [], after: '' }); token.lastIndex += newline[0].length; continue }
    const found = token.exec(text)
    if (found === null) return undefined
    const [, operator, word] = found
    if (operator !== undefined) statements.push({ words: [], after: operator === '&&' ? '&&' : '' })
    else if (word !== undefined) statements.at(-1)?.words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_quoted, single: string | undefined, double: string | undefined) => single ?? double ?? ''))
  }
  return statements
}

function scriptStory(script: string): Story | undefined {
  const statements = statementsOf(script)
  if (statements === undefined) return undefined
  const says: Said[] = []
  let total = 0
  let exitCode = 0
  for (const { words, after } of statements) {
    if (words.length === 0 || (after === '&&' && exitCode !== 0)) continue
    if (words[0] === 'exit') return words.length <= 2 && /^\d+$/.test(words[1] ?? '0') ? { runForMs: total, exitCode: words[1] === undefined ? exitCode : Number(words[1]) % 256, says } : undefined
    const one = statementStory(words)
    if (one === undefined) return undefined
    says.push(...one.says.map((said) => ({ ...said, afterMs: said.afterMs + total })))
    if (one.runForMs === undefined) return { ...one, says }
    total += one.runForMs
    exitCode = one.exitCode
  }
  return { runForMs: total, exitCode, says }
}

const silent: readonly Said[] = []
function statementStory(words: readonly string[]): Story | undefined {
  const name = (words[0] ?? '').replace(/^\/(usr\/)?bin\//, '')
  if (name === 'true' || name === ':') return { runForMs: 0, exitCode: 0, says: silent }
  if (name === 'echo') return words[1]?.startsWith('-') === true ? undefined : { runForMs: 0, exitCode: 0, says: words.slice(1).join(' ').split('\n').map((text) => ({ afterMs: 0, is: 'text', text })) }
  if ((name === 'date' || name === 'hostname') && words.length === 1) return { runForMs: 0, exitCode: 0, says: [{ afterMs: 0, is: name }] }
  if (name === 'false') return { runForMs: 0, exitCode: 1, says: silent }
  if (name !== 'sleep' || words.length !== 2) return undefined
  const text = words[1] ?? ''
  if (text === 'infinity' || text === 'inf') return { runForMs: undefined, exitCode: 0, says: silent }
  const ms = durationMs(text)
  return ms === undefined ? undefined : { runForMs: ms, exitCode: 0, says: silent }
}
