import { deepEqual } from 'fast-equals'
import type { NetworkPolicy, Pod } from '../api/index.ts'
import { selectorMatches } from '../rules/selectors.ts'
import { policyRules, type PodSelection, type PolicyRules, type PolicyWay, type Transport, transportOf } from './policy-rules.ts'

type Labels = Readonly<Record<string, string>>

/** What policies ask of a pod. */
export interface PolicyPod {
  readonly namespace: string
  readonly labels: Labels
  readonly node: string
  readonly addresses: readonly string[]
  readonly ports: readonly { readonly name: string; readonly protocol: Transport; readonly port: number }[]
}

/** A member of a group: a pod's address, in a group for a named port with that port. */
export interface GroupMember { readonly address: string; readonly protocol?: Transport; readonly port?: number }

/** Which policies hold a pod, by direction; absent: none does, and everything is allowed. */
export interface Isolation { readonly addresses: readonly string[]; readonly ingress?: readonly string[]; readonly egress?: readonly string[] }

/** A way with the names of its groups in place of selections. */
export interface OpenWay {
  readonly peer: { readonly is: 'anyone' } | { readonly is: 'group'; readonly group: string } | Extract<PolicyWay['peer'], { readonly is: 'block' }>
  readonly ports: { readonly is: 'all' } | Extract<PolicyWay['ports'], { readonly is: 'range' }> | { readonly is: 'named'; readonly group: string }
}
export interface OpenPolicy { readonly ingress?: readonly OpenWay[]; readonly egress?: readonly OpenWay[]; readonly groups: readonly string[] }

/** What has changed since it was asked last. */
export interface PolicyChanges {
  /** Pods ('namespace/name') whose isolation, addresses or node may be others. */
  readonly pods: ReadonlySet<string>
  readonly policies: ReadonlySet<string>
  /** Groups with other members. */
  readonly groups: ReadonlyMap<string, { readonly added: readonly GroupMember[]; readonly removed: readonly GroupMember[] }>
}

interface Group {
  readonly id: string
  readonly selection: PodSelection
  readonly pods: Set<string>
  /** By their text, with how many pods give them: an address may have passed on before its last pod is gone. */
  readonly members: Map<string, { readonly member: GroupMember; readonly pods: number }>
  /** The policies whose subjects these are. */
  readonly policies: Set<string>
  users: number
}

/**
 * Policies, pods and namespaces, and who may therefore speak with whom. It is told each change, and answers for what the
 * change touches: a pod is compared with the groups that ask for one of its labels, a policy with the pods of its
 * namespaces.
 */
export class PolicyBook {
  readonly #pods = new Map<string, PolicyPod>()
  readonly #podsByNamespace = new Map<string, Set<string>>()
  readonly #namespaces = new Map<string, Labels>()
  readonly #policies = new Map<string, { readonly rules: PolicyRules; readonly open: OpenPolicy; readonly subjects: string }>()
  readonly #groups = new Map<string, Group>()
  /** Groups by the one label pair that they ask for first, within a namespace or ('*') in several. */
  readonly #groupsByHandle = new Map<string, Set<Group>>()
  readonly #groupsOfPod = new Map<string, Set<Group>>()
  #changedPods = new Set<string>()
  #changedPolicies = new Set<string>()
  /** By group, then text: whether it was there when changes were taken last. */
  #changedMembers = new Map<string, Map<string, { readonly member: GroupMember; readonly was: boolean }>>()

  get isEmpty(): boolean { return this.#policies.size === 0 }

  /** Puts a pod ('namespace/name') as it is now; undefined: it is gone, or has no address of its own. */
  setPod(key: string, pod: PolicyPod | undefined): void {
    const before = this.#pods.get(key)
    if (!deepEqual(before, pod)) this.#place(key, before, pod)
  }

  #place(key: string, before: PolicyPod | undefined, pod: PolicyPod | undefined): void {
    for (const group of this.#groupsOfPod.get(key) ?? []) this.#leave(group, key, before)
    this.#groupsOfPod.delete(key)
    const place = setAt(this.#podsByNamespace, (pod ?? before)?.namespace ?? '')
    if (pod === undefined) {
      this.#pods.delete(key)
      place.delete(key)
    } else {
      this.#pods.set(key, pod)
      place.add(key)
      for (const group of this.#candidates(pod)) if (this.#selects(group.selection, pod)) this.#join(group, key, pod)
    }
    this.#changedPods.add(key)
  }

  /** Puts a namespace's labels; undefined: it is gone. */
  setNamespace(name: string, labels: Labels | undefined): void {
    if (deepEqual(this.#namespaces.get(name), labels)) return
    if (labels === undefined) this.#namespaces.delete(name)
    else this.#namespaces.set(name, labels)
    for (const key of this.#podsByNamespace.get(name) ?? []) {
      const pod = this.#pods.get(key)
      if (pod !== undefined) this.#place(key, pod, pod)
    }
  }

  /** Puts a policy ('namespace/name'); undefined: it is gone. */
  setPolicy(key: string, policy: NetworkPolicy | undefined): void {
    const before = this.#policies.get(key)
    const rules = policy === undefined ? undefined : policyRules(policy)
    // The new one's groups first, so that those which both use stay.
    const next = rules === undefined ? undefined : { rules, ...this.#open(rules) }
    if (before !== undefined) {
      this.#groups.get(before.subjects)?.policies.delete(key)
      this.#markSubjects(before.subjects)
      for (const id of [before.subjects, ...before.open.groups]) this.#release(id)
    }
    if (next === undefined) this.#policies.delete(key)
    else {
      this.#policies.set(key, next)
      this.#groups.get(next.subjects)?.policies.add(key)
      this.#markSubjects(next.subjects)
    }
    if (before !== undefined || next !== undefined) this.#changedPolicies.add(key)
  }

  pod(key: string): PolicyPod | undefined { return this.#pods.get(key) }
  policy(key: string): OpenPolicy | undefined { return this.#policies.get(key)?.open }

  /** The policies that hold a pod, in the order of their names; undefined when none does. */
  isolation(key: string): Isolation | undefined {
    const pod = this.#pods.get(key)
    if (pod === undefined) return undefined
    const holding = [...this.#groupsOfPod.get(key) ?? []].flatMap((group) => [...group.policies]).toSorted()
    const [ingress, egress] = (['ingress', 'egress'] as const).map((direction) => holding.filter((name) => this.#policies.get(name)?.open[direction] !== undefined))
    if (holding.length === 0) return undefined
    return { addresses: pod.addresses, ...(ingress?.length && { ingress }), ...(egress?.length && { egress }) }
  }

  /** All members of a group. */
  members(id: string): readonly GroupMember[] {
    const group = this.#groups.get(id)
    return group === undefined ? [] : [...group.members.values()].map(({ member }) => member)
  }

  /** Whether the members of a group come with their ports. */
  namesPort(id: string): boolean { return this.#groups.get(id)?.selection.port !== undefined }

  /** What has changed since the last call. */
  take(): PolicyChanges {
    const groups = new Map([...this.#changedMembers].map(([id, changed]) => {
      const now = this.#groups.get(id)?.members
      const pick = (was: boolean): readonly GroupMember[] => [...changed].filter(([place, change]) => change.was === was && now?.has(place) === !was).map(([, { member }]) => member)
      return [id, { added: pick(false), removed: pick(true) }] as const
    }).filter(([, { added, removed }]) => added.length + removed.length > 0))
    const changes = { pods: this.#changedPods, policies: this.#changedPolicies, groups }
    this.#changedPods = new Set()
    this.#changedPolicies = new Set()
    this.#changedMembers = new Map()
    return changes
  }

  #open(rules: PolicyRules): { readonly open: OpenPolicy; readonly subjects: string } {
    const groups: string[] = []
    const use = (selection: PodSelection): string => {
      const id = this.#use(selection)
      groups.push(id)
      return id
    }
    const openWay = ({ peer, ports }: PolicyWay): OpenWay => ({
      peer: peer.is === 'pods' ? { is: 'group', group: use(peer.selection) } : peer,
      ports: ports.is === 'named' ? { is: 'named', group: use(ports.selection) } : ports,
    })
    const subjects = this.#use(rules.subjects)
    const { ingress, egress } = rules
    return { subjects, open: { ...(ingress && { ingress: ingress.map(openWay) }), ...(egress && { egress: egress.map(openWay) }), groups } }
  }

  #use(selection: PodSelection): string {
    const id = selectionText(selection)
    const known = this.#groups.get(id)
    if (known !== undefined) {
      known.users++
      return id
    }
    const group: Group = { id, selection, pods: new Set(), members: new Map(), policies: new Set(), users: 1 }
    this.#groups.set(id, group)
    setAt(this.#groupsByHandle, handleOf(selection)).add(group)
    const within = selection.namespace === undefined ? [...this.#namespaces].filter(([, labels]) => selectorMatches(selection.namespaces, labels)).map(([name]) => name) : [selection.namespace]
    for (const namespace of within) for (const key of this.#podsByNamespace.get(namespace) ?? []) {
      const pod = this.#pods.get(key)
      if (pod !== undefined && this.#selects(selection, pod)) this.#join(group, key, pod)
    }
    return id
  }

  #release(id: string): void {
    const group = this.#groups.get(id)
    if (group === undefined || --group.users > 0) return
    this.#groups.delete(id)
    this.#groupsByHandle.get(handleOf(group.selection))?.delete(group)
    this.#changedMembers.delete(id)
    for (const key of group.pods) this.#groupsOfPod.get(key)?.delete(group)
  }

  #markSubjects(id: string): void {
    for (const key of this.#groups.get(id)?.pods ?? []) this.#changedPods.add(key)
  }

  #join(group: Group, key: string, pod: PolicyPod): void {
    group.pods.add(key)
    setAt(this.#groupsOfPod, key).add(group)
    for (const member of membersOf(group.selection, pod)) this.#count(group, member, 1)
  }

  #leave(group: Group, key: string, pod: PolicyPod | undefined): void {
    group.pods.delete(key)
    for (const member of membersOf(group.selection, pod)) this.#count(group, member, -1)
  }

  /** Who leaves a group and joins it again before the changes are taken has not changed it. */
  #count(group: Group, member: GroupMember, by: 1 | -1): void {
    const place = `${member.address} ${member.protocol ?? ''} ${member.port ?? ''}`
    const pods = (group.members.get(place)?.pods ?? 0) + by
    const changed = this.#changedMembers.get(group.id) ?? new Map<string, { readonly member: GroupMember; readonly was: boolean }>()
    this.#changedMembers.set(group.id, changed)
    if (!changed.has(place)) changed.set(place, { member, was: group.members.has(place) })
    if (pods > 0) group.members.set(place, { member, pods })
    else group.members.delete(place)
  }

  * #candidates(pod: PolicyPod): Iterable<Group> {
    for (const place of [pod.namespace, '*']) {
      yield* this.#groupsByHandle.get(place) ?? []
      for (const [label, value] of Object.entries(pod.labels)) yield* this.#groupsByHandle.get(`${place}/${label}=${value}`) ?? []
    }
  }

  #selects(selection: PodSelection, pod: PolicyPod): boolean {
    if (selection.namespace !== undefined ? selection.namespace !== pod.namespace : !selectorMatches(selection.namespaces, this.#namespaces.get(pod.namespace) ?? {})) return false
    if (selection.pods !== undefined && !selectorMatches(selection.pods, pod.labels)) return false
    const { port } = selection
    return port === undefined || pod.ports.some(({ name, protocol }) => name === port.name && protocol === port.protocol)
  }
}

/** What policies ask of a pod's object; undefined for one without an address of its own: of the node's network, without one yet, or at its end. */
export function policyPod(pod: Pod): PolicyPod | undefined {
  const { phase, podIPs, podIP } = pod.status
  if (pod.spec.hostNetwork === true || phase === 'Succeeded' || phase === 'Failed') return undefined
  const addresses = podIPs?.map(({ ip }) => ip) ?? (podIP ? [podIP] : [])
  if (addresses.length === 0) return undefined
  return { namespace: pod.metadata.namespace ?? '', labels: pod.metadata.labels ?? {}, node: pod.spec.nodeName ?? '', addresses, ports: namedPorts(pod) }
}

function namedPorts({ spec }: Pod): PolicyPod['ports'] {
  const containers = [...spec.containers, ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')]
  return containers.flatMap(({ ports = [] }) => ports.flatMap(({ name, protocol, containerPort }) => (name ? [{ name, protocol: transportOf(protocol), port: containerPort }] : [])))
}

function membersOf({ port }: PodSelection, pod: PolicyPod | undefined): readonly GroupMember[] {
  if (pod === undefined) return []
  if (port === undefined) return pod.addresses.map((address) => ({ address }))
  return pod.ports.filter(({ name, protocol }) => name === port.name && protocol === port.protocol)
    .flatMap(({ protocol, port: number }) => pod.addresses.map((address) => ({ address, protocol, port: number })))
}

function handleOf({ namespace = '*', pods }: PodSelection): string {
  const [pair] = Object.entries(pods?.matchLabels ?? {})
  return pair === undefined ? namespace : `${namespace}/${pair[0]}=${pair[1]}`
}

/** The same for the same selection: groups that several policies ask for are kept once. */
const selectionText = ({ namespace, namespaces, pods, port }: PodSelection): string => JSON.stringify([namespace, namespaces, pods, port])

function setAt<T>(map: Map<string, Set<T>>, key: string): Set<T> {
  const found = map.get(key) ?? new Set<T>()
  map.set(key, found)
  return found
}
