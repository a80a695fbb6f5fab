import type { ContainerSpec } from '@kubeskiff/core/kubelet'

/** Whom a container's first process runs as. */
export interface ContainerUser { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[]; readonly home: string }
export type UserAnswer = { readonly is: 'user'; readonly user: ContainerUser } | { readonly is: 'refused'; readonly message: string }

/** The image's own accounts, as text; '' where it has none. */
export interface Accounts { readonly passwd: string; readonly group: string }

/** Finds the user from the security context, else from the image, with the image's accounts. `pod` is 'name_namespace(uid)'. */
export function resolveUser(security: ContainerSpec['security'], imageUser: string, accounts: Accounts, named: { readonly pod: string; readonly container: string }): UserAnswer {
  const [who = '', group = ''] = imageUser.split(':')
  const about = `(pod: "${named.pod}", container: ${named.container})`
  if (security.mustRunAsNonRoot) {
    if (security.user === 0) return refused(`container's runAsUser breaks non-root policy ${about}`)
    if (security.user === undefined) {
      if (who === '' || who === '0') return refused(`container has runAsNonRoot and image will run as root ${about}`)
      if (!/^\d+$/.test(who)) return refused(`container has runAsNonRoot and image has non-numeric user (${who}), cannot verify user is non-root ${about}`)
    }
  }
  const wanted = security.user !== undefined ? String(security.user) : who === '' ? '0' : who
  const account = lines(accounts.passwd).find((fields) => fields[0] === wanted || (/^\d+$/.test(wanted) && fields[2] === wanted))
  if (account === undefined && !/^\d+$/.test(wanted)) return refused(`unable to find user ${wanted}: no matching entries in passwd file`)
  const uid = account === undefined ? Number(wanted) : Number(account[2])
  const groups = lines(accounts.group)
  const groupLine = security.user === undefined && group !== '' ? groups.find((fields) => fields[0] === group || fields[2] === group) : undefined
  if (security.user === undefined && group !== '' && groupLine === undefined && !/^\d+$/.test(group)) return refused(`unable to find group ${group}: no matching entries in group file`)
  const own = groupLine !== undefined ? Number(groupLine[2]) : security.user === undefined && /^\d+$/.test(group) ? Number(group) : Number(account?.[3] ?? 0)
  const gid = security.group ?? own
  const memberships = account === undefined || security.strictGroups === true ? [] : groups.filter((fields) => (fields[3] ?? '').split(',').includes(account[0] ?? '')).map((fields) => Number(fields[2]))
  const additionalGids = [...new Set([gid, ...memberships, ...security.supplementalGroups, ...(security.fsGroup === undefined ? [] : [security.fsGroup])])]
  return { is: 'user', user: { uid, gid, additionalGids, home: account?.[5] ?? '/' } }
}

const refused = (message: string): UserAnswer => ({ is: 'refused', message })
const lines = (text: string): readonly (readonly string[])[] => text.split('\n').filter((line) => line.includes(':')).map((line) => line.split(':'))
