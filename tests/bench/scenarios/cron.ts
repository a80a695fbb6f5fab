import { createCluster } from '@kubeskiff/core/cluster'
import { jobs } from '@kubeskiff/core/api'
import { aCronJob } from '../manifests.ts'
import { repeat, type Scenario, secondsOf, took } from '../scenario.ts'

/** A CronJob alone in a cluster of three nodes; throws when it did not run as often as it should. */
function live(schedule: string, duration: string, runsExpected: number): void {
  const cluster = createCluster({ nodes: 3 })
  cluster.apply(JSON.stringify(aCronJob('bench', schedule)))
  let made = 0
  cluster.store.onCommit(() => {
    const changes = cluster.store.changes(seen, jobs.resource)
    if (changes === 'compacted') throw new Error('history does not reach back to the commit before')
    for (const { before } of changes) if (before === undefined) made++
    seen = cluster.store.view.revision
  })
  let seen = cluster.store.view.revision
  cluster.advance(duration)
  if (Math.abs(made - runsExpected) > 1) throw new Error(`${made} runs instead of ${runsExpected}`)
  cluster.stop()
}

export const scenario: Scenario = {
  name: 'cron',
  about: 'a day of a minutely CronJob and a year of an hourly one, on the virtual clock',
  async run() {
    const day = await repeat(5, () => took(() => { live('* * * * *', '24h', 1440) }))
    const year = await repeat(3, () => took(() => { live('0 * * * *', '365d', 8760) }))
    return [
      { what: 'a day, every minute (1,440 runs)', unit: 's', ...secondsOf(day), aim: '< 1' },
      { what: 'a year, every hour (8,760 runs)', unit: 's', ...secondsOf(year), aim: '≤ 5' },
    ]
  },
}
