// The table of field numbers, one message parsed at a time.
import { numbersText } from './numbers.ts'
import { promotedNumbersText } from './promoted.ts'

/** What a field number means: a field of the definition, or a message whose fields belong to the same definition. */
export type Slot = { readonly is: 'field'; readonly name: string } | { readonly is: 'inlined'; readonly message: string }

const tableLines = (): readonly string[] => [...numbersText.trim().split('\n'), ...promotedNumbersText.trim().split('\n')]
let lines: ReadonlyMap<string, string> | undefined
const parsed = new Map<string, ReadonlyMap<number, Slot>>()

/** The name without its package's prefix, as the table has it. */
export const messageName = (definition: string): string => definition.replace(/^io\.k8s\.(?:api|apimachinery\.pkg\.apis)\./, '')

/** The slots of a message by number; undefined for a message that is not in the table. */
export function slotsOf(message: string): ReadonlyMap<number, Slot> | undefined {
  const known = parsed.get(message)
  if (known) return known
  lines ??= new Map(tableLines().map((line) => { const [name = ''] = line.split(' ', 1); return [name, line.slice(name.length + 1)] }))
  const line = lines.get(message)
  if (line === undefined) return undefined
  const slots = new Map<number, Slot>()
  let number = 0
  for (const entry of line.split(' ').filter((each) => each !== '')) {
    const [name = '', said] = entry.split('=')
    number = said === undefined ? number + 1 : Number(said)
    slots.set(number, name.startsWith('*') ? { is: 'inlined', message: name.slice(1) } : { is: 'field', name })
  }
  parsed.set(message, slots)
  return slots
}

/** The names of all messages. */
export const messageNames = (): readonly string[] => tableLines().map((line) => line.split(' ', 1)[0] ?? '')
