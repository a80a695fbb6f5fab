// The table of field numbers, one message parsed at a time.
//
// A line per message: its definition, then its fields in the order of their numbers, which rise by one from 1; 'name=7' where
// a number is skipped; '*message' is a message whose fields belong to this one's definition. Types are those of the
// definitions. How upstream holds a field decides whether its zero is written: plain texts, numbers and truths always are;
// 'name?' is a pointer to one, written when it is there; 'name!' is a message held by value, written even when it is empty;
// other messages are pointers. 'name@' is a list that travels in a message of its own.
import { coreNumbers } from './numbers/core.ts'
import { groupsNumbers } from './numbers/groups.ts'
import { promotedNumbers } from './numbers/promoted.ts'
import { resourceNumbers } from './numbers/resource.ts'

/** What a field number means: a field of the definition, or a message whose fields belong to the same definition. */
export type Slot =
  | { readonly is: 'field'; readonly name: string; readonly held: 'usually' | 'by pointer' | 'by value' | 'in a message' }
  | { readonly is: 'inlined'; readonly message: string }

let lines: ReadonlyMap<string, string> | undefined
const parsed = new Map<string, ReadonlyMap<number, Slot>>()

const prefix = /^io\.k8s\.(?:api|apimachinery\.pkg\.apis|apiextensions-apiserver\.pkg\.apis|kube-aggregator\.pkg\.apis)\./
/** The name without its package's prefix, as the table has it. */
export const messageName = (definition: string): string => definition.replace(prefix, '')

const allLines = (): readonly string[] => [coreNumbers, groupsNumbers, resourceNumbers, promotedNumbers].flatMap((text) => text.trim().split('\n'))
const nameOf = (line: string): string => line.split(' ', 1)[0] ?? ''

/** The slots of a message by number; undefined for a message that is not in the table. */
export function slotsOf(message: string): ReadonlyMap<number, Slot> | undefined {
  const known = parsed.get(message)
  if (known) return known
  lines ??= new Map(allLines().map((line) => [nameOf(line), line.slice(nameOf(line).length + 1)]))
  const line = lines.get(message)
  if (line === undefined) return undefined
  const slots = new Map<number, Slot>()
  let number = 0
  for (const entry of line.split(' ').filter((each) => each !== '')) {
    const [name = '', said] = entry.split('=')
    number = said === undefined ? number + 1 : Number(said)
    slots.set(number, slotOf(name))
  }
  parsed.set(message, slots)
  return slots
}

function slotOf(text: string): Slot {
  if (text.startsWith('*')) return { is: 'inlined', message: text.slice(1) }
  const mark = text.at(-1)
  const name = mark === '?' || mark === '!' || mark === '@' ? text.slice(0, -1) : text
  return { is: 'field', name, held: mark === '?' ? 'by pointer' : mark === '!' ? 'by value' : mark === '@' ? 'in a message' : 'usually' }
}

/** The names of all messages. */
export const messageNames = (): readonly string[] => allLines().map(nameOf)
