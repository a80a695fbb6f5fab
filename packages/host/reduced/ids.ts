/** Who an ordinary user of this machine is. */
export interface OrdinaryUser { readonly name: string; readonly uid: number; readonly gid: number }
/** What newuidmap or newgidmap is told after the process: ids inside, ids here, how many. */
export type IdMap = readonly number[]

/** So many ids an image may use, the one of `nobody` among them. */
const idsNeeded = 65_536

/**
 * The ids of the user's own namespace: 0 is the user himself, the others are those that /etc/subuid (or /etc/subgid) gives to him by
 * name or number. Undefined where it does not give enough.
 */
export function idMap(user: Pick<OrdinaryUser, 'name' | 'uid'>, own: number, given: string): IdMap | undefined {
  const spans = given.split('\n').flatMap((line) => {
    const [who = '', first = '', count = ''] = line.split(':')
    return (who === user.name || who === String(user.uid)) && /^\d+$/.test(first) && /^\d+$/.test(count.trim()) ? [{ first: Number(first), count: Number(count) }] : []
  })
  const map = [0, own, 1]
  let inside = 1
  for (const { first, count } of spans) {
    map.push(inside, first, count)
    inside += count
  }
  return inside > idsNeeded - 1 ? map : undefined
}
