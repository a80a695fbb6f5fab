import type { PolicyBook, PolicyChanges } from '@kubeskiff/core/network'
import type { PacketTable } from './packet-table.ts'
import { groupName, groupSet, heldPod, memberKeys, policyChains, policyFrame } from './policy-rules.ts'

/** What of the policies is in force on one node: of those that hold its pods, and of the groups that these name. */
export class NodePolicies {
  readonly #node: string
  readonly #tables: readonly PacketTable[]
  /** Pods that are held here, with the policies that do. */
  readonly #pods = new Map<string, readonly string[]>()
  /** Policies by name, with the pods they hold here and the groups they name. */
  readonly #policies = new Map<string, { readonly pods: Set<string>; groups: readonly string[] }>()
  readonly #groups = new Map<string, { users: number; readonly keys: readonly Set<string>[] }>()

  constructor(node: string, tables: readonly PacketTable[]) {
    this.#node = node
    this.#tables = tables
  }

  /** Puts into the tables what changes have made of the book. */
  update(book: PolicyBook, changes: PolicyChanges): void {
    const before = new Map(this.#policies)
    for (const key of changes.pods) this.#pod(book, key)
    for (const [key, policy] of this.#policies) {
      if (policy.pods.size === 0) this.#remove(key)
      else if (!before.has(key) || changes.policies.has(key)) this.#write(book, key)
    }
    for (const [id, { added, removed }] of changes.groups) if (this.#groups.has(id)) this.#members(id, added, removed)
    const anyHeld = this.#pods.size > 0
    for (const table of this.#tables) table.put('policies', anyHeld ? policyFrame(table.family) : undefined)
  }

  #pod(book: PolicyBook, key: string): void {
    const isolation = book.pod(key)?.node === this.#node ? book.isolation(key) : undefined
    const holding = isolation === undefined ? [] : [...new Set([...isolation.ingress ?? [], ...isolation.egress ?? []])]
    for (const name of this.#pods.get(key) ?? []) if (!holding.includes(name)) this.#policies.get(name)?.pods.delete(key)
    if (holding.length === 0) this.#pods.delete(key)
    else this.#pods.set(key, holding)
    for (const name of holding) {
      const policy = this.#policies.get(name) ?? { pods: new Set<string>(), groups: [] }
      policy.pods.add(key)
      this.#policies.set(name, policy)
    }
    for (const table of this.#tables) table.put(`pod ${key}`, isolation === undefined ? undefined : heldPod(table.family, isolation))
  }

  #write(book: PolicyBook, key: string): void {
    const open = book.policy(key)
    const policy = this.#policies.get(key)
    if (open === undefined || policy === undefined) return
    const had = policy.groups
    policy.groups = open.groups
    for (const id of open.groups) this.#use(book, id)
    for (const id of had) this.#release(id)
    for (const table of this.#tables) table.put(`policy ${key}`, policyChains(table.family, key, open))
  }

  #remove(key: string): void {
    for (const id of this.#policies.get(key)?.groups ?? []) this.#release(id)
    this.#policies.delete(key)
    for (const table of this.#tables) table.put(`policy ${key}`, undefined)
  }

  #use(book: PolicyBook, id: string): void {
    const known = this.#groups.get(id)
    if (known !== undefined) {
      known.users++
      return
    }
    this.#groups.set(id, { users: 1, keys: this.#tables.map(() => new Set()) })
    for (const table of this.#tables) table.put(`group ${id}`, groupSet(table.family, id, book.namesPort(id)))
    this.#members(id, book.members(id), [])
  }

  #release(id: string): void {
    const group = this.#groups.get(id)
    if (group === undefined || --group.users > 0) return
    for (const [index, table] of this.#tables.entries()) {
      table.putElements(groupName(id), { added: [], removed: group.keys[index] ?? [] })
      table.put(`group ${id}`, undefined)
    }
    this.#groups.delete(id)
  }

  #members(id: string, added: ReturnType<PolicyBook['members']>, removed: ReturnType<PolicyBook['members']>): void {
    for (const [index, table] of this.#tables.entries()) {
      const keys = this.#groups.get(id)?.keys[index]
      const [more, less] = [memberKeys(table.family, added), memberKeys(table.family, removed)]
      for (const key of less) keys?.delete(key)
      for (const key of more) keys?.add(key)
      table.putElements(groupName(id), { added: more, removed: less })
    }
  }
}
