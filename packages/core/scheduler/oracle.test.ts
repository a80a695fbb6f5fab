import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabelSelector, PodAffinityTerm, Toleration, TopologySpreadConstraint } from '../api/generated/types.ts'
import { namespaces, type Node, nodes, type Pod, podDisruptionBudgets, pods } from '../api/resources.ts'
import { type Random, seededRandom } from '../base/index.ts'
import { isTerminal } from '../rules/pods.ts'
import { aNode, anObject, aPod, schedulingWorld } from './builders.ts'
import { Nominations } from './nominations.ts'
import { oracle, type OracleWorld } from './oracle.testing.ts'
import { preempt, preemptionBounds } from './preemption.ts'
import { isHopeless } from './types.ts'

const rounds = 150
const clusters = 8

/** Random pods and nodes from few words, so that they meet. */
function draws(random: Random) {
  const one = <T>(...choices: readonly [T, ...T[]]): T => choices[random.below(choices.length)] ?? choices[0]
  const maybe = <T>(chance: number, value: () => T): T | undefined => (random.chance(chance) ? value() : undefined)
  const word = (): string => one('a', 'b', 'c')
  const labels = (): Readonly<Record<string, string>> => ({ ...(random.chance(0.8) && { app: word() }), ...(random.chance(0.5) && { tier: word() }) })
  const selector = (): LabelSelector => one<() => LabelSelector>(
    () => ({ matchLabels: { app: word() } }), () => ({ matchLabels: { app: word(), tier: word() } }),
    () => ({ matchExpressions: [{ key: one('app', 'tier'), operator: one('In', 'NotIn'), values: [word(), word()] }] }), () => ({ matchExpressions: [{ key: one('app', 'tier'), operator: one('Exists', 'DoesNotExist') }] }),
  )()
  const key = (): string => one('zone', 'rack', 'kubernetes.io/hostname')
  const term = (): PodAffinityTerm => ({ topologyKey: key(), labelSelector: selector(), ...maybe(0.2, () => ({ namespaces: ['other'] })), ...maybe(0.2, () => ({ namespaceSelector: one<LabelSelector>({}, { matchLabels: { team: 'x' } }) })) })
  const required = (chance: number) => maybe(chance, () => ({ requiredDuringSchedulingIgnoredDuringExecution: [term(), ...(random.chance(0.3) ? [term()] : [])] }))
  const taint = () => ({ key: word(), value: word(), effect: one('NoSchedule', 'NoExecute', 'PreferNoSchedule') })
  const toleration = (): Toleration => one<() => Toleration>(() => ({ operator: 'Exists' }), () => ({ key: word(), operator: 'Exists' }), () => ({ key: word(), value: word(), effect: one('NoSchedule', 'NoExecute') }), () => ({ key: word(), value: word() }))()
  const constraint = (): TopologySpreadConstraint => ({
    maxSkew: 1 + random.below(2), topologyKey: key(), whenUnsatisfiable: one('DoNotSchedule', 'DoNotSchedule', 'ScheduleAnyway'), labelSelector: selector(),
    ...maybe(0.3, () => ({ minDomains: 1 + random.below(4) })), ...maybe(0.3, () => ({ nodeAffinityPolicy: one('Honor', 'Ignore') })), ...maybe(0.3, () => ({ nodeTaintsPolicy: one('Honor', 'Ignore') })),
  })
  const node = (name: string): Node => aNode(name, {
    cpu: String(1 + random.below(3)), memory: '4Gi', pods: String(2 + random.below(8)), more: random.chance(0.3) ? { 'example.com/gpu': '2' } : {},
    labels: { ...(random.chance(0.85) && { zone: word() }), ...(random.chance(0.6) && { rack: word() }), ...(random.chance(0.5) && { size: String(random.below(5)) }) },
    spec: { ...(random.chance(0.15) && { unschedulable: true }), ...maybe(0.3, () => ({ taints: [taint()] })) },
  })
  const pod = (name: string, more: Partial<Pod['spec']> = {}): Pod => {
    const near = required(0.25)
    const apart = required(0.25)
    const wanted = maybe(0.3, () => ({ requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [
      one({ matchExpressions: [{ key: 'zone', operator: one('In', 'NotIn'), values: [word()] }] }, { matchExpressions: [{ key: 'size', operator: one('Gt', 'Lt'), values: ['2'] }] }, { matchFields: [{ key: 'metadata.name', operator: one('In', 'NotIn'), values: ['n1'] }] }, {}),
      ...(random.chance(0.3) ? [{ matchExpressions: [{ key: 'rack', operator: 'Exists' }] }] : []),
    ] } }))
    const made = aPod(name, { labels: labels(), spec: {
      containers: [{ name: 'c', resources: { requests: { cpu: `${random.below(1200)}m`, memory: `${random.below(900)}Mi`, ...(random.chance(0.1) && { 'example.com/gpu': '1' }) } },
        ...maybe(0.2, () => ({ ports: [{ containerPort: 1, hostPort: 80 + random.below(2), hostIP: one('', '127.0.0.1', '127.0.0.2'), protocol: one('TCP', 'UDP') }] })) }],
      priority: random.below(4), ...maybe(0.15, () => ({ nodeSelector: { zone: word() } })), ...maybe(0.3, () => ({ tolerations: [toleration()] })),
      affinity: { ...(near && { podAffinity: near }), ...(apart && { podAntiAffinity: apart }), ...(wanted && { nodeAffinity: wanted }) },
      ...maybe(0.35, () => ({ topologySpreadConstraints: [constraint(), ...(random.chance(0.3) ? [constraint()] : [])] })), ...more,
    } })
    const namespace = one('default', 'default', 'other')
    return { ...made, metadata: { ...made.metadata, namespace, uid: `${namespace}-${name}` } }
  }
  return { node, pod }
}

type World = ReturnType<typeof schedulingWorld>
const seen = ({ store: { view } }: World): OracleWorld => ({
  nodes: [...view.list(nodes)], pods: [...view.list(pods)].filter((pod) => pod.spec.nodeName && !isTerminal(pod)),
  namespaces: new Map([...view.list(namespaces)].map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
})

/** One random change of the cluster. */
function change(world: World, random: Random, made: ReturnType<typeof draws>): void {
  const { store: { view } } = world
  const name = `n${random.below(7)}`
  const placed = [...view.list(pods)]
  const pick = placed[random.below(Math.max(placed.length, 1))]
  const put = (pod: Pod): void => { world.put(pod) }
  const gone = (pod: Pod): void => { world.store.commit([{ key: { resource: 'pods', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name }, expect: 'any', object: undefined }]) }
  switch (random.below(8)) {
    case 0: case 1: world.put(made.node(name)); break
    case 2: if (random.chance(0.3)) world.remove(nodes, name); break
    case 3: world.put(anObject(namespaces, 'other', { metadata: { labels: random.chance(0.5) ? { team: 'x' } : {} } })); break
    case 4: if (pick) gone(pick); break
    case 5: if (pick) put({ ...pick, status: { ...pick.status, phase: 'Succeeded' } }); break
    case 6: if (pick) put({ ...pick, metadata: { ...pick.metadata, deletionTimestamp: '2026-01-01T01:00:00Z' } }); break
    default: break
  }
  const pod = made.pod(`p${random.below(40)}`, { nodeName: `n${random.below(7)}`, schedulerName: 'nobody' })
  if (view.get(pods, pod.metadata.namespace ?? '', pod.metadata.name) === undefined) world.put(pod)
}

/** What each filter says: 'plugin refuses node'. */
function verdicts(world: World, refuses: (plugin: string, node: Node) => boolean): readonly string[] {
  return Object.keys(oracle).flatMap((plugin) => [...world.store.view.list(nodes)].filter((node) => refuses(plugin, node)).map((node) => `${plugin} ${node.metadata.name}`))
}

test('every filter says what the oracle says, on random clusters that change', () => {
  let refusals = 0
  for (let seed = 1; seed <= clusters; seed++) {
    const random = seededRandom(seed)
    const made = draws(random)
    const world = schedulingWorld([])
    for (let round = 0; round < rounds; round++) {
      change(world, random, made)
      world.settle()
      const pod = made.pod('probe')
      const { board } = world.scheduler
      const studies = new Map([...board.states].map(([plugin, state]) => [plugin.name, state.study(pod)]))
      const facts = seen(world)
      const expected = verdicts(world, (plugin, node) => oracle[plugin]?.(pod, node, facts) === true)
      const actual = verdicts(world, (plugin, node) => {
        const study = studies.get(plugin)
        const number = board.nodes.numberOf(node.metadata.name)
        return number !== undefined && study !== undefined && !isHopeless(study) && study.refuses?.(number) === true
      })
      assert.deepEqual(actual, expected, `seed ${seed}, round ${round}: ${JSON.stringify(pod)}`)
      refusals += expected.length
    }
  }
  assert.ok(refusals > 1000)
})

test('preemption makes room, by pods that matter less, and no more of them than it takes', () => {
  let possible = 0
  for (let seed = 1; seed <= clusters; seed++) {
    const random = seededRandom(seed * 77)
    const made = draws(random)
    const world = schedulingWorld([anObject(podDisruptionBudgets, 'b', { spec: { selector: { matchLabels: { app: 'a' } } }, status: { disruptionsAllowed: 1 } })])
    for (let round = 0; round < rounds; round++) {
      change(world, random, made)
      world.settle()
      const pod = made.pod('probe', { priority: 3 })
      const { board } = world.scheduler
      const facts = seen(world)
      const fits = (node: Node, without: readonly Pod[]): boolean => {
        const left = { ...facts, pods: facts.pods.filter((other) => !without.includes(other)) }
        return Object.values(oracle).every((refuses) => !refuses(pod, node, left))
      }
      const plugins = [...board.states].map(([plugin, state]) => ({ plugin, weight: 1, state }))
      const unfit = board.nodes.order.filter((number) => { const node = board.nodes.node(number); return node !== undefined && !fits(node, []) })
      const before = JSON.stringify(board.nodes.dump())
      const answer = preempt({ pod, profile: '', board, nominations: new Nominations(), plugins, allPlugins: plugins, nodes: unfit, bounds: preemptionBounds, random })
      assert.equal(JSON.stringify(board.nodes.dump()), before)
      if (answer.is !== 'possible') {
        for (const number of unfit) {
          const node = board.nodes.node(number)
          const lesser = facts.pods.filter((other) => other.spec.nodeName === node?.metadata.name && (other.spec.priority ?? 0) < 3)
          assert.ok(node === undefined || lesser.length === 0 || !fits(node, lesser), `seed ${seed}, round ${round}: ${node?.metadata.name} could be freed`)
        }
        continue
      }
      possible++
      const { node: number, victims } = answer.candidate
      const node = board.nodes.node(number)
      assert.ok(node !== undefined && victims.length > 0 && victims.every((victim) => (victim.spec.priority ?? 0) < 3 && victim.spec.nodeName === node.metadata.name))
      const objects = facts.pods.filter((other) => victims.some(({ metadata }) => metadata.uid === other.metadata.uid))
      assert.ok(fits(node, objects), `seed ${seed}, round ${round}: it does not fit then`)
      for (const spared of objects) assert.ok(!fits(node, objects.filter((other) => other !== spared)), `seed ${seed}, round ${round}: ${spared.metadata.name} need not have gone`)
    }
  }
  assert.ok(possible > 100)
})
