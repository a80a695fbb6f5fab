// Course documents as what they are: fenced blocks of YAML and of lines that a learner types.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CourseDocument { readonly name: string; readonly manifests: readonly string[]; readonly lines: readonly string[] }

/** The documents of a folder, by name; none where there is no such folder. */
export function courseDocuments(folder: string): readonly CourseDocument[] {
  let names: readonly string[]
  try { names = readdirSync(folder).filter((name) => name.endsWith('.txt')).toSorted() } catch { return [] } // a copy of the project without its documents
  return names.map((name) => {
    const blocks = blocksOf(readFileSync(join(folder, name), 'utf8'))
    return {
      name, manifests: blocks.filter(({ language }) => language === 'yaml').map(({ text }) => text).filter((text) => /^apiVersion:/m.test(text) && /^kind:/m.test(text)),
      lines: blocks.filter(({ language }) => language === 'bash').flatMap(({ text }) => typedLines(text)),
    }
  })
}

function blocksOf(text: string): readonly { readonly language: string; readonly text: string }[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].map(([, language = '', block = '']) => ({ language, text: block }))
}

/** What is typed at once: a line, with the lines that a quotation or a here-document goes on for. */
export function typedLines(block: string): readonly string[] {
  const typed: string[] = []
  let open: string[] = []
  for (const line of block.split('\n')) {
    if (open.length === 0 && (line.trim() === '' || line.trimStart().startsWith('#'))) continue
    open.push(line)
    if (isWhole(open)) { typed.push(open.join('\n')); open = [] }
  }
  return typed
}

function isWhole(lines: readonly string[]): boolean {
  const end = /<<-?\s*'?(\w+)'?/.exec(lines[0] ?? '')?.[1]
  if (end !== undefined) return lines.length > 1 && lines.at(-1) === end
  let quote = ''
  for (const character of lines.join('\n').replaceAll(/\\./g, '')) {
    if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === quote) quote = ''
  }
  return quote === ''
}
