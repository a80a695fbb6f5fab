/** A user who signs in with a token that is kept in a file. */
export interface TokenUser { readonly name: string; readonly uid: string; readonly groups: readonly string[] }

/**
 * Reads a static token file as upstream's --token-auth-file: CSV lines of token, user name, user uid and, optionally, groups in
 * one quoted field. Throws, naming the line, where one can't be understood; the token itself is never in the message.
 */
export function readTokenFile(text: string): ReadonlyMap<string, TokenUser> {
  const users = new Map<string, TokenUser>()
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [token = '', name = '', uid = '', groups = ''] = fieldsOf(line)
    if (token === '' || name === '') throw new Error(`line ${at + 1}: expected a token, a user name, a user uid and perhaps groups, separated by commas`)
    if (users.has(token)) throw new Error(`line ${at + 1}: this token stands in the file already`)
    users.set(token, { name, uid, groups: groups.split(',').map((group) => group.trim()).filter((group) => group !== '') })
  }
  return users
}

/** The fields of a CSV line; a quoted one may hold commas, and quotes that are doubled. */
function fieldsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? (plain ?? '').trim())
}
