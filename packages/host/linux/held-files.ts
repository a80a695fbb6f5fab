import { closeSync, constants, openSync } from 'node:fs'

/** Linux: names a file without opening it, so that pipes and devices notice nothing. */
const onlyName = 0o10000000

/** Acts on a file, or on a link itself, that stays the same one whatever is put in its place meanwhile: by its descriptor, and in a folder by `/proc/self/fd/DESCRIPTOR/NAME`. */
export function holding<Answer>(path: string, act: (held: number) => Answer): Answer {
  const held = openSync(path, onlyName | constants.O_NOFOLLOW)
  try { return act(held) } finally { closeSync(held) }
}
