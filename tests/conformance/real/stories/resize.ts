// Resources of containers that are changed while they run: the pod tells it, and so do the control groups.
import assert from 'node:assert/strict'
import { at, type Fields, list, until } from '../../api.ts'
import { becomes } from '../../workloads.ts'
import { aPod, type RealStory, type RealWorld, waiting } from '../world.ts'

type Amounts = Readonly<Record<string, string>>
interface Sizes { readonly requests?: Amounts; readonly limits?: Amounts }
interface Groups { readonly shares: number; readonly quota: number; readonly memory: number }
const burstable = (more: string): string => `[sig-node] Pod InPlace Resize Container ${more} [Conformance]`

const sized = (sizes: Readonly<Record<string, Sizes>>): readonly object[] => Object.entries(sizes).map(([name, resources]) => waiting({ name, resources }))
const resizeOf = (world: RealWorld): string => `${world.pod('sized')}/resize`
/** Waits until the pod says that each container has what it asks for. */
const is = (world: RealWorld, sizes: Readonly<Record<string, Sizes>>): Promise<Fields> => becomes(world, world.pod('sized'), 'it is resized', (pod) =>
  Object.entries(sizes).every(([name, resources]) => {
    const status = list(pod, 'status', 'containerStatuses').find((one) => one['name'] === name)
    return status?.['restartCount'] === 0 && sorted(status['resources']) === sorted(resources) && sorted(status['allocatedResources'] ?? {}) === sorted(resources.requests ?? {})
  }) && !list(pod, 'status', 'conditions').some(({ type }) => String(type).startsWith('PodResize')))
const sorted = (value: unknown): string => JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'object' && inner !== null ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner))

/** What a container's own control group says, of either version. */
async function groupsOf(world: RealWorld, container: string): Promise<Groups> {
  const script = 'cd /sys/fs/cgroup; if [ -e cgroup.controllers ]; then echo weight $(cat cpu.weight) $(cat cpu.max) $(cat memory.max); else echo shares $(cat cpu/cpu.shares) $(cat cpu/cpu.cfs_quota_us) 0 $(cat memory/memory.limit_in_bytes); fi'
  const [, shares = '', quota = '', , memory = ''] = (await world.sh('sized', script, container)).trim().split(' ')
  const limit = Number(memory)
  return { shares: Number(shares), quota: quota === 'max' ? -1 : Number(quota), memory: Number.isNaN(limit) || limit > 2 ** 60 ? -1 : limit }
}
const mebibytes = (count: number): number => count * 1024 * 1024

export const resize: readonly RealStory[] = [
  {
    row: burstable('burstable pods - extended 6 containers - various operations performed (including adding limits and requests) [MinimumKubeletVersion:1.34]'),
    tell: async (world) => {
      const before: Readonly<Record<string, Sizes>> = {
        c1: { requests: { cpu: '20m', memory: '20Mi' }, limits: { cpu: '40m', memory: '40Mi' } }, c2: { requests: { cpu: '20m', memory: '20Mi' } }, c3: {},
        c4: { requests: { cpu: '20m' }, limits: { cpu: '40m' } }, c5: { requests: { memory: '20Mi' }, limits: { memory: '40Mi' } }, c6: { requests: { cpu: '20m', memory: '20Mi' }, limits: { cpu: '40m', memory: '40Mi' } },
      }
      const after: Readonly<Record<string, Sizes>> = {
        c1: { requests: { cpu: '30m', memory: '30Mi' }, limits: { cpu: '60m', memory: '60Mi' } }, c2: { requests: { cpu: '20m', memory: '20Mi' }, limits: { cpu: '50m', memory: '50Mi' } }, c3: { requests: { cpu: '10m', memory: '10Mi' } },
        c4: { requests: { cpu: '20m', memory: '20Mi' }, limits: { cpu: '40m', memory: '50Mi' } }, c5: { requests: { cpu: '10m', memory: '30Mi' }, limits: { cpu: '20m', memory: '60Mi' } }, c6: { requests: { cpu: '10m', memory: '10Mi' }, limits: { cpu: '20m', memory: '30Mi' } },
      }
      await world.runs(aPod('sized', sized(before), { restartPolicy: 'Always' }))
      await world.patch(resizeOf(world), { spec: { containers: Object.entries(after).map(([name, resources]) => ({ name, resources })) } }, 'strategic-merge')
      await is(world, after)
      const groups = await Promise.all(Object.keys(after).map(async (name) => { const { quota, memory } = await groupsOf(world, name); return [quota, memory] }))
      assert.deepEqual(groups, [[6000, mebibytes(60)], [5000, mebibytes(50)], [-1, -1], [4000, mebibytes(50)], [2000, mebibytes(60)], [2000, mebibytes(30)]])
      await until(world.api, 'both ends are told', async () => {
        const events = await world.events('sized')
        return ['ResizeStarted: Pod resize started: ', 'ResizeCompleted: Pod resize completed: '].every((start) => events.filter((event) => event.startsWith(start)).length === 1)
      })
    },
  },
  {
    row: burstable('burstable pods - extended resize with equivalents [MinimumKubeletVersion:1.34]'),
    tell: async (world) => {
      // Both are the least that a group can have: the kernel sees no difference, the pod does.
      await world.runs(aPod('sized', sized({ c1: { requests: { cpu: '2m' }, limits: { cpu: '10m' } } }), { restartPolicy: 'Always' }))
      const before = await groupsOf(world, 'c1')
      const after = { c1: { requests: { cpu: '1m' }, limits: { cpu: '5m' } } }
      await world.patch(resizeOf(world), { spec: { containers: [{ name: 'c1', resources: after.c1 }] } }, 'strategic-merge')
      await is(world, after)
      assert.deepEqual([before.quota, await groupsOf(world, 'c1')], [1000, before])
    },
  },
  {
    row: burstable('resize pod via the replace endpoint [MinimumKubeletVersion:1.34]'),
    tell: async (world) => {
      const made = await world.runs(aPod('sized', sized({ c1: { requests: { cpu: '20m', memory: '20Mi' }, limits: { cpu: '40m', memory: '40Mi' } } }), { restartPolicy: 'Always' }))
      const after = { c1: { requests: { cpu: '30m', memory: '30Mi' }, limits: { cpu: '60m', memory: '60Mi' } } }
      const [container] = list(made, 'spec', 'containers')
      await world.replace(resizeOf(world), { ...made, spec: { ...at(made, 'spec') as Fields, containers: [{ ...container, resources: after.c1 }] } })
      await is(world, after)
      assert.deepEqual(await world.get(resizeOf(world)), await world.get(world.pod('sized')))
      const { quota, memory } = await groupsOf(world, 'c1')
      assert.deepEqual([quota, memory], [6000, mebibytes(60)])
      // As upstream: memory that is in use is not taken away, and a request that no node has waits.
      await world.patch(resizeOf(world), { spec: { containers: [{ name: 'c1', resources: { requests: { cpu: '1000' }, limits: { cpu: '1000' } } }] } }, 'strategic-merge')
      await becomes(world, world.pod('sized'), 'it cannot be', (pod) => list(pod, 'status', 'conditions').some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible'))
      assert.equal((await groupsOf(world, 'c1')).quota, 6000)
    },
  },
]
