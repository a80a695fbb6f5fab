import type { Action, Actor, Ask, Outcome, Submit } from '../api/action.ts'
import { podsByNode } from '../api/indexes.ts'
import { isRefusal } from '../api/refusal.ts'
import { keyOf, type Revision } from '../api/resource.ts'
import { namespaces, nodes as nodeType, type Pod, pods } from '../api/resources.ts'
import type { Change, ClusterView } from '../api/view.ts'
import type { Clock, Freezable, Loop, Random } from '../base/index.ts'
import type { Cancel } from '../base/loop.ts'
import { setCondition } from '../rules/conditions.ts'
import { isTerminal, isTerminating } from '../rules/pods.ts'
import { mayUseDifferently } from '../rules/requests.ts'
import { type Attempt, Binder } from './binding.ts'
import { Board } from './board.ts'
import { decidesDifferently, isHeartbeat, isOfWaiting, labelsDiffer, waits, watched } from './changes.ts'
import { type Asking, filterBy, haveSay, mayPreempt, preemptBy, prioritizeBy } from './extenders/asking.ts'
import { type Extender, type ExtenderAnswer, postOf, valueIn } from './extenders/extender.ts'
import { failureMessage } from './failure.ts'
import { gatedIn, SchedulerMeters } from './meters.ts'
import type { NodeTable } from './nodes.ts'
import { Nominations } from './nominations.ts'
import { compareCandidates, preempt, type Preemption } from './preemption.ts'
import { defaultConfiguration, type Profile, type SchedulerConfiguration, schedulerName } from './profiles.ts'
import { type FrozenEntry, SchedulingQueue, type Waiting } from './queue.ts'
import { type ActivePlugin, best, chosen, fitting, noneFit, select, type Selection, type SelectionRules } from './select.ts'
import { isHopeless, nodeSides, podSides, type Study } from './types.ts'
import type { Candidate } from './verdicts.ts'

export interface SchedulerOptions {
  readonly view: ClusterView
  readonly changes: (after: Revision) => Iterable<Change> | 'compacted'
  readonly onCommit?: (ring: () => void) => Cancel
  readonly submit: Submit
  readonly clock: Clock
  readonly random: Random
  readonly loop?: Loop
  /** Brings what extenders are asked to the outside; `done` may be called at once or later. */
  readonly ask?: (ask: Ask, done: (answer: unknown) => void) => void
  /** The profiles and paces; the default ones when there is none. */
  readonly configuration?: SchedulerConfiguration
}

/** What a fork or a restart cannot see in the store. */
export interface SchedulerState {
  readonly startAt: number
  readonly waiting: readonly FrozenEntry[]
}

export interface Scheduler extends Freezable<SchedulerState> {
  /** Takes in what changed and tries one pod. Says whether there is more. */
  step(): boolean
  /** Forgets everything and starts from the view. */
  restart(): void
  /** Pods that wait for a node. */
  readonly waiting: number
  /** The scheduler_* metrics, in the text that Prometheus reads. */
  metrics(): string
  readonly nodes: NodeTable
  /** What it knows of nodes and placements, for tests: a look changes nothing. */
  readonly board: Board
  stop(): void
}

const owner = 'scheduler'

/** Gives every pod that waits a node, one pod a step. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const scheduler = new PodScheduler(options)
  scheduler.restart()
  return scheduler
}

class PodScheduler implements Scheduler {
  readonly #options: SchedulerOptions
  readonly #configuration: SchedulerConfiguration
  readonly #queue: SchedulingQueue
  readonly #nominations = new Nominations()
  readonly #meters: SchedulerMeters
  readonly #binder: Binder<Team>
  readonly #cancels: Cancel[] = []
  readonly #ring: () => void
  #board: Board
  #plugins: readonly ActivePlugin[] = []
  /** By the scheduler's name that pods give. */
  #teams: ReadonlyMap<string, Team> = new Map()
  #cursor: Revision = 0
  #startAt = 0
  /** Extenders are asked about a pod: as upstream, pods are tried one after the other, and the rest wait. */
  #isAsking = false
  /** What extenders answered, to be gone on with in the next steps; `era` tells what a restart has forgotten. */
  readonly #heard: (() => void)[] = []
  #era = 0
  #asks = 0

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#configuration = options.configuration ?? defaultConfiguration
    const { loop, clock, onCommit } = options
    this.#board = new Board(options.view, [], () => clock.now())
    this.#ring = loop ? () => loop.ring('scheduler') : () => {}
    this.#queue = new SchedulingQueue(clock, owner, this.#configuration)
    this.#meters = new SchedulerMeters(clock)
    this.#binder = new Binder({
      view: options.view, clock, owner, submit: (...action) => { this.#submit(...action) }, askingAbout: (pod) => this.#askingAbout(pod),
      bound: (attempt) => { this.#bound(attempt) }, failed: (attempt, message) => { this.#unbound(attempt, message) },
    })
    this.#cancels.push(clock.onWake(owner, (key) => { if (!this.#binder.due(key)) this.#queue.due(key); this.#ring() }))
    if (loop) this.#cancels.push(loop.add('scheduler', () => this.step()))
    if (onCommit) this.#cancels.push(onCommit(this.#ring))
  }

  get nodes(): NodeTable { return this.#board.nodes }
  get board(): Board { return this.#board }
  get waiting(): number { return this.#queue.size }
  metrics(): string { return this.#meters.text({ ...this.#queue.counts(), gated: gatedIn(this.#options.view) }) }
  stop(): void { for (const cancel of this.#cancels.splice(0)) cancel() }

  restart(): void {
    const { view } = this.#options
    this.#queue.clear()
    this.#binder.clear()
    this.#heard.length = 0
    this.#isAsking = false
    this.#era++
    this.#cursor = view.revision
    this.#rebuild()
    this.#nominations.clear()
    for (const pod of view.by(podsByNode, '')) this.#admit(pod)
    this.#ring()
  }

  step(): boolean {
    this.#observe()
    const goOn = this.#heard.shift()
    if (goOn !== undefined || this.#isAsking) { goOn?.(); return goOn !== undefined }
    const entry = this.#queue.take()
    if (entry === undefined) return false
    this.#attempt(entry)
    return true
  }

  freeze(): SchedulerState { return { startAt: this.#startAt, waiting: this.#queue.freeze() } }

  thaw(state: SchedulerState): void {
    this.restart()
    this.#startAt = state.startAt
    this.#queue.thaw(state.waiting)
  }

  // ---- what happened -------------------------------------------------------------------------------------------

  #observe(): void {
    const { view, changes } = this.#options
    if (view.revision === this.#cursor) return
    const news = changes(this.#cursor)
    if (news === 'compacted') return this.restart()
    let relabelled = false
    for (const change of news) {
      this.#cursor = change.revision
      if (change.key.resource === pods.resource) this.#podChanged(change)
      else if (change.key.resource === nodeType.resource) relabelled = this.#nodeChanged(change) || relabelled
      else if (change.key.resource === namespaces.resource) relabelled = (change.before !== undefined && change.after !== undefined && labelsDiffer(change.before, change.after)) || relabelled
      else if (!watched.has(change.key.resource)) continue
      else for (const { state } of this.#plugins) state.changed?.(change)
      this.#binder.changed(change)
      this.#wake(change)
    }
    // Labels of nodes and namespaces are what plugins count by; they hardly ever change.
    if (relabelled) this.#rebuild()
  }

  #podChanged(change: Change): void {
    const { before, after } = podSides(change)
    const pod = after ?? before
    if (pod === undefined) return
    const { uid } = pod.metadata
    // Deleted and made again under the same name, unseen in between.
    if (before !== undefined && after !== undefined && before.metadata.uid !== uid) this.#forget(before.metadata.uid)
    if (after === undefined || isTerminal(after)) return this.#forget(uid)
    if (after.spec.nodeName) {
      this.#queue.remove(uid)
      this.#nominations.remove(uid)
      this.#place(after, after.spec.nodeName)
      return
    }
    if (!this.#admit(after)) return
    const entry = this.#queue.get(uid)
    if (entry !== undefined && before !== undefined && decidesDifferently(before, after)) this.#queue.wake(entry)
  }

  /** Lets a pod without a node wait for one, if that is for us to find. Says whether it is. */
  #admit(pod: Pod): boolean {
    const { uid } = pod.metadata
    const { nominatedNodeName } = pod.status
    const mine = waits(pod) && this.#teams.has(schedulerOf(pod))
    // Whoever nominated it: as upstream, the place is kept.
    if (nominatedNodeName && mine) this.#nominations.put(pod, nominatedNodeName)
    else this.#nominations.remove(uid)
    if (!mine) this.#queue.remove(uid)
    else if (this.#queue.get(uid) === undefined) this.#queue.add(pod)
    return mine
  }

  /** True when labels changed of a node that has pods. */
  #nodeChanged(change: Change): boolean {
    const { before, after } = nodeSides(change)
    if (after === undefined) { this.nodes.drop(change.key.name); return before !== undefined }
    const known = this.nodes.numberOf(after.metadata.name) !== undefined
    const number = this.#board.putNode(after)
    return (this.nodes.podCount[number] ?? 0) > 0 && (!known || labelsDiffer(change.before, change.after))
  }

  /** Asks each plugin that refused pods whether the change matters at all, then for each of its pods. */
  #wake(change: Change): void {
    const { view } = this.#options
    let quiet: boolean | undefined
    for (const { plugin, state } of this.#plugins) {
      const refused = this.#queue.refusedBy(plugin.name)
      if (refused.size === 0 || state.wakes === undefined) continue
      quiet ??= isHeartbeat(change)
      if (quiet || state.concerns?.(change) === false) continue
      for (const entry of [...refused]) {
        const pod = view.get(pods, entry.namespace, entry.name)
        if (pod?.metadata.uid === entry.uid && state.wakes(pod, change)) this.#queue.wake(entry)
      }
    }
    // Extenders tell nothing of what helps: as upstream, whatever happens may.
    const refused = this.#queue.refusedBy(extenderName)
    if (refused.size > 0 && !(quiet ?? isHeartbeat(change)) && !isOfWaiting(change)) for (const entry of [...refused]) this.#queue.wake(entry)
    if (change.key.resource === nodeType.resource && change.before === undefined) for (const entry of [...this.#queue.refusedBy(noNodes)]) this.#queue.wake(entry)
  }

  #place(pod: Pod, nodeName: string): void {
    const { uid } = pod.metadata
    const before = this.nodes.placedPod(uid)
    const place = this.nodes.placeOf(uid)
    if (before !== undefined && place !== undefined) {
      // A pod that is on its way out still uses its node, but plugins may count it no longer.
      const sameToPlugins = !decidesDifferently(before, pod) && !mayUseDifferently(before, pod) && isTerminating(before) === isTerminating(pod)
      if (this.nodes.nameOf(place) === nodeName && sameToPlugins) return this.nodes.refresh(pod)
      this.#board.remove(uid)
    }
    this.#board.place(pod, nodeName)
  }

  #forget(uid: string): void {
    this.#queue.remove(uid)
    this.#nominations.remove(uid)
    this.#board.remove(uid)
  }

  /** Columns and plugin states from the view, as if from the start. Pods on the way to their nodes count there too: who binds them may take his time. */
  #rebuild(): void {
    const { view, clock } = this.#options
    const { profiles } = this.#configuration
    const board = new Board(view, profiles.flatMap((profile) => profile.plugins.map(({ plugin }) => plugin)), () => clock.now())
    this.#board = board
    const teams = profiles.map((profile): Team => ({
      profile, plugins: profile.plugins.flatMap(({ plugin, weight }) => { const state = board.states.get(plugin); return state === undefined ? [] : [{ plugin, weight, state }] }),
      actor: { user: 'system:kube-scheduler', groups: ['system:authenticated'], component: profile.schedulerName },
    }))
    this.#teams = new Map(teams.map((team) => [team.profile.schedulerName, team]))
    this.#plugins = [...board.states].map(([plugin, state]) => ({ plugin, weight: 0, state }))
    for (const node of view.list(nodeType)) board.putNode(node)
    for (const pod of view.list(pods)) if (pod.spec.nodeName && !isTerminal(pod)) this.#place(pod, pod.spec.nodeName)
    for (const { pod, nodeName } of this.#binder.underway) {
      const current = view.get(pods, pod.metadata.namespace ?? '', pod.metadata.name)
      if (current?.metadata.uid === pod.metadata.uid && !current.spec.nodeName && !isTerminal(current)) this.#place(pod, nodeName)
    }
  }

  // ---- one pod -------------------------------------------------------------------------------------------------

  #attempt(entry: Waiting): void {
    entry.triedAt = this.#options.clock.now()
    const pod = this.#options.view.get(pods, entry.namespace, entry.name)
    const team = pod && this.#teams.get(schedulerOf(pod))
    if (pod === undefined || team === undefined || pod.metadata.uid !== entry.uid || !waits(pod)) return this.#queue.remove(entry.uid)
    const holding = team.plugins.filter(({ state }) => state.holds?.(pod))
    if (holding.length > 0) return this.#queue.parked(entry, holding.map(({ plugin }) => plugin.name))
    const asking = this.#askingAbout(pod)
    if (asking !== undefined && haveSay(asking)) this.#consult({ entry, pod, team }, asking, false)
    else this.#selected({ entry, pod, team }, select(pod, this.#rulesOf(team), this.#startAt, this.#options.random))
  }

  #selected({ entry, pod, team }: Turn, selection: Selection): void {
    this.#startAt = selection.startAt
    if (selection.is === 'none') return this.#fail(entry, pod, team, selection)
    if (selection.is === 'fault') return this.#giveUp(entry, pod, team, selection.message)
    const { node, studies } = selection
    const reservations = studies.flatMap((study: Study) => [...(study.reserve?.(node) ?? [])])
    if (reservations.length > 0 || studies.some((study) => study.reserve !== undefined)) return this.#reserve(entry, team, reservations)
    const nodeName = this.nodes.nameOf(node)
    // Counted from now on: an agent's answer, and the change that shows it, come later.
    this.#place(pod, nodeName)
    this.#binder.start({ entry, pod, team, nodeName, preparations: studies.flatMap((study: Study) => study.prepare?.(node) ?? []) })
  }

  // ---- extenders -----------------------------------------------------------------------------------------------

  /** How extenders are asked about a pod; undefined where there are none. */
  #askingAbout(pod: Pod): Asking | undefined {
    const { extenders } = this.#configuration
    return extenders === undefined ? undefined : { pod, nodes: this.nodes, extenders, post: (...post) => { this.#post(...post) } }
  }

  #post(extender: Extender, verb: string, body: unknown, done: Parameters<Asking['post']>[3]): void {
    const post = postOf(extender, verb, body)
    const era = this.#era
    const hear = (answer: unknown): void => {
      if (era !== this.#era) return
      this.#heard.push(() => { done(valueIn(verb, post, answer as ExtenderAnswer)) })
      this.#ring()
    }
    if (this.#options.ask === undefined) hear({ is: 'unreached', why: 'nobody outside this cluster answers' })
    else this.#options.ask({ id: `extender ${++this.#asks}`, what: 'extender', input: post }, hear)
  }

  /** Holds the others until `ask` calls back; goes on with what it brought where the pod still waits and the nodes are the same. */
  #hold<T>({ entry, pod }: Turn, ask: (done: (answer: T) => void) => void, next: (answer: T) => void): void {
    const board = this.#board
    this.#isAsking = true
    ask((answer) => {
      this.#isAsking = false
      const current = this.#options.view.get(pods, entry.namespace, entry.name)
      if (this.#board === board && current?.metadata.uid === pod.metadata.uid && waits(current) && this.#queue.get(entry.uid) === entry) next(answer)
      else this.#queue.again(entry)
    })
  }

  /** Lets extenders refuse nodes that fit, then score what is left. As upstream, the node that the pod was promised is tried by itself first. */
  #consult(turn: Turn, asking: Asking, passing: boolean): void {
    const { view, random } = this.#options
    const found = fitting(turn.pod, this.#rulesOf(turn.team), this.#startAt, passing)
    if (found.is !== 'fit') return this.#selected(turn, found)
    const { revision } = view
    this.#hold<Parameters<Parameters<typeof filterBy>[2]>[0]>(turn, (done) => { filterBy(asking, found.nodes, done) }, (filtered) => {
      const isNone = 'fault' in filtered || filtered.nodes.length === 0
      if (isNone && found.isPromised) return this.#consult(turn, asking, true)
      if ('fault' in filtered) return this.#selected(turn, { is: 'fault', message: filtered.fault, startAt: found.startAt })
      if (isNone) return this.#selected(turn, noneFit(found, filtered.refused, extenderName))
      const left = { ...found, nodes: filtered.nodes }
      const decide = (totals?: Float64Array): void => {
        const node = best(left, random, totals)
        if (view.revision === revision) return this.#selected(turn, chosen(left, node))
        // Much may have happened while they were asked.
        const studies = turn.team.plugins.flatMap((active) => { const study = active.state.study(turn.pod); return study === undefined || isHopeless(study) ? [] : [{ active, study }] })
        if (this.#board.refusal(turn.pod, node, turn.team.plugins) === undefined) this.#selected(turn, chosen({ ...left, studies }, node))
        else this.#queue.again(turn.entry)
      }
      if (left.nodes.length === 1) decide()
      else this.#hold<Float64Array>(turn, (done) => { prioritizeBy(asking, left.nodes, done) }, decide)
    })
  }

  #rulesOf({ plugins, profile: { percentageOfNodesToScore } }: Team): SelectionRules {
    const othersChoose = this.#configuration.extenders?.some(({ filterVerb, prioritizeVerb }) => filterVerb !== '' || prioritizeVerb !== '') === true
    return { plugins, board: this.#board, nominations: this.#nominations, othersChoose, ...(percentageOfNodesToScore !== undefined && { percentageOfNodesToScore }) }
  }

  /** The pod waits until what was reserved for it is there: the changes that bring it wake it. */
  #reserve(entry: Waiting, team: Team, reservations: readonly Action[]): void {
    this.#queue.parked(entry, ['VolumeBinding'])
    for (const action of reservations) this.#submit(team, action, (outcome) => { if (isRefusal(outcome)) this.#queue.failed(entry) })
  }

  #bound({ entry, pod, team, nodeName }: Attempt<Team>): void {
    this.#meters.ends(team.profile, 'scheduled', entry.triedAt, entry.attempts)
    const { uid, namespace, name } = pod.metadata
    this.#nominations.remove(uid)
    this.#submit(team, { do: 'record', about: pod, type: 'Normal', reason: 'Scheduled', message: `Successfully assigned ${namespace}/${name} to ${nodeName}` })
  }

  /** The pod did not get its node: what was taken for it is given back. Nothing is said of a pod that is gone. */
  #unbound({ entry, pod, team, preparations }: Attempt<Team>, message: string | undefined): void {
    this.#board.remove(pod.metadata.uid)
    for (const preparation of preparations) for (const action of preparation.abandon(this.#options.view)) this.#submit(team, action)
    if (message === undefined) this.#queue.failed(entry)
    else this.#giveUp(entry, pod, team, message)
    this.#ring()
  }

  /** Something went wrong: it is said, and tried again after a while. */
  #giveUp(entry: Waiting, pod: Pod, team: Team, message: string): void {
    this.#meters.ends(team.profile, 'error', entry.triedAt)
    this.#submit(team, { do: 'record', about: pod, type: 'Warning', reason: 'FailedScheduling', message })
    this.#note(pod, team, { reason: 'SchedulerError', message, nominated: '' })
    this.#queue.failed(entry)
  }

  #fail(entry: Waiting, pod: Pod, team: Team, selection: Selection & { readonly is: 'none' }): void {
    const amends = this.nodes.count === 0 ? undefined : selection.studies.map((study) => study.amends?.()).find((each) => each !== undefined)
    const asking = this.#askingAbout(pod)
    const candidates: Candidate[] = []
    const preemption = this.#preemption(pod, team, selection, (candidate) => { candidates.push(candidate) })
    if (preemption.is !== 'possible' || asking === undefined || !mayPreempt(asking)) return this.#failed({ entry, pod, team }, selection, amends, preemption)
    this.#hold<Parameters<Parameters<typeof preemptBy>[2]>[0]>({ entry, pod, team }, (done) => { preemptBy(asking, candidates, done) }, (left) => {
      const [candidate] = 'fault' in left ? [] : [...left].sort(compareCandidates)
      this.#failed({ entry, pod, team }, selection, amends, candidate !== undefined ? { is: 'possible', candidate } : { is: 'forbidden', why: 'fault' in left ? left.fault : 'no candidate node for preemption' })
    })
  }

  #failed({ entry, pod, team }: Turn, selection: Selection & { readonly is: 'none' }, amends: ReturnType<NonNullable<Study['amends']>> | undefined, preemption: Preemption): void {
    this.#meters.ends(team.profile, 'unschedulable', entry.triedAt)
    const message = failureMessage(this.nodes.count, selection.why, amends?.said ?? 'no new claims to deallocate', preemption)
    this.#queue.refused(entry, selection.refusedBy.length > 0 ? selection.refusedBy : [noNodes])
    this.#submit(team, { do: 'record', about: pod, type: 'Warning', reason: 'FailedScheduling', message })
    for (const action of amends?.actions ?? []) this.#submit(team, action)
    if (preemption.is === 'possible') this.#driveOut(pod, team, preemption.candidate)
    const nominated = preemption.is === 'possible' ? this.nodes.nameOf(preemption.candidate.node) : preemption.is === 'useless' ? '' : pod.status.nominatedNodeName ?? ''
    this.#note(pod, team, { reason: 'Unschedulable', message, nominated })
  }

  #preemption(pod: Pod, { profile, plugins }: Team, { why, filters }: Selection & { readonly is: 'none' }, found: (candidate: Candidate) => void): Preemption {
    if (profile.preemption === undefined || this.nodes.count === 0) return { is: 'off' }
    return preempt({
      pod, profile: profile.schedulerName, board: this.#board, nominations: this.#nominations, plugins: filters, allPlugins: plugins, bounds: profile.preemption, random: this.#options.random, found,
      nodes: why.is === 'refused' ? why.perhaps : [],
    })
  }

  /** Ends the victims, each in its own time, and sends those who were promised the node and matter less back to look elsewhere. */
  #driveOut(pod: Pod, team: Team, { node, victims }: Candidate): void {
    this.#meters.preempted(victims.length)
    const nodeName = this.nodes.nameOf(node)
    const now = this.#options.clock.now()
    for (const other of this.#nominations.after(pod, nodeName)) {
      this.#nominations.remove(other.metadata.uid)
      this.#submit(team, { do: 'patch', key: keyOf(pods, other), uid: other.metadata.uid, part: 'status', patch: { status: { nominatedNodeName: null } } })
      const entry = this.#queue.get(other.metadata.uid)
      if (entry !== undefined) this.#queue.wake(entry)
    }
    // Nothing may happen that would make it look again: it does so after its back-off.
    const again = (): void => {
      const entry = this.#queue.get(pod.metadata.uid)
      if (entry !== undefined) this.#queue.failed(entry)
    }
    for (const victim of victims) {
      if (isTerminating(victim)) continue
      const { uid, generation } = victim.metadata
      const current = this.#options.view.get(pods, victim.metadata.namespace ?? '', victim.metadata.name) ?? victim
      const message = `${schedulerOf(pod)}: preempting to accommodate a higher priority pod`
      const conditions = setCondition(current.status.conditions, { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message, ...(generation !== undefined && { observedGeneration: generation }) }, now)
      const end = (): void => {
        this.#submit(team, { do: 'delete', key: keyOf(pods, victim), uid }, (outcome) => {
          if (isRefusal(outcome)) again()
          else this.#submit(team, { do: 'record', about: victim, type: 'Normal', reason: 'Preempted', message: `Preempted by pod ${pod.metadata.uid} on node ${nodeName}` })
        })
      }
      if (conditions === current.status.conditions) end()
      // As upstream, a victim that cannot be told why does not go.
      else this.#submit(team, { do: 'patch', key: keyOf(pods, victim), uid, part: 'status', patch: { status: { conditions } } }, (outcome) => { if (isRefusal(outcome)) again(); else end() })
    }
  }

  /** Writes down why the pod waits, and the node that it was promised. */
  #note(pod: Pod, team: Team, { reason, message, nominated }: { readonly reason: 'Unschedulable' | 'SchedulerError'; readonly message: string; readonly nominated: string }): void {
    const { uid, generation } = pod.metadata
    if (nominated === '') this.#nominations.remove(uid)
    else this.#nominations.put(pod, nominated)
    const now = this.#options.clock.now()
    const before = pod.status.nominatedNodeName ?? ''
    const condition = { type: 'PodScheduled', status: 'False', reason, message, ...(generation !== undefined && { observedGeneration: generation }) }
    const conditions = setCondition(pod.status.conditions, condition, now)
    if (conditions === pod.status.conditions && nominated === before) return
    this.#submit(team, {
      do: 'patch', key: keyOf(pods, pod), uid, part: 'status',
      patch: {
        metadata: { resourceVersion: pod.metadata.resourceVersion },
        status: { ...(conditions !== pod.status.conditions && { conditions }), ...(nominated !== before && { nominatedNodeName: nominated === '' ? null : nominated }) },
      },
    })
  }

  #submit({ actor }: Team, action: Action, done: (outcome: Outcome) => void = () => {}): void { this.#options.submit(action, actor, done) }
}

/** A profile at work. */
interface Team { readonly profile: Profile; readonly plugins: readonly ActivePlugin[]; readonly actor: Actor }

/** A pod whose turn it is. */
interface Turn { readonly entry: Waiting; readonly pod: Pod; readonly team: Team }

/** They stand for plugins: without any node, none had a say; and, as upstream, all extenders are one. */
const [noNodes, extenderName] = ['no nodes', 'Extender']
const schedulerOf = ({ spec }: Pod): string => spec.schedulerName ?? schedulerName
