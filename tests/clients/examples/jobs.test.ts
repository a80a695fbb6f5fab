// examples/jobs and examples/schedules, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withKubectl } from '../kubectl.ts'
import { fileOf } from './folder.ts'

const [job, schedule] = [fileOf('jobs'), fileOf('schedules')]
const applied = (name: string): readonly [string, string] => [`apply -f ${job(`${name}.yaml`)}`, `job.batch/${name} created`]
const complete = (name: string): readonly [string, string] => [`wait --for=condition=complete job/${name} --timeout=30s`, `job.batch/${name} condition met`]
const failed = (name: string): readonly [string, string] => [`wait --for=condition=failed job/${name} --timeout=30s`, `job.batch/${name} condition met`]
const why = (name: string): string => `get job ${name} -o 'jsonpath={.status.conditions[?(@.type=="Failed")].reason}'`

withKubectl('examples/jobs', (shell) => {
  test('a single run, shares of the work, and workers on a queue', async () => {
    const { story, start, eventually } = shell()
    const watch = start('get jobs --watch -o jsonpath={.metadata.name}={.status.active}/{.status.succeeded},')
    story([applied('once'), applied('shares'), applied('queue'), complete('once'), complete('shares'), complete('queue')])
    const shares = [...(await watch.sees(/shares=\/12,/)).matchAll(/shares=(\d*)\/(\d*),/g)].map(([, active, succeeded]) => [Number(active), Number(succeeded)])
    watch.stop()
    assert.deepEqual(shares.filter(([active = 0, succeeded = 0]) => active > 4 || succeeded > 12), [], JSON.stringify(shares))
    story([
      ['get jobs --no-headers', /^once +(Complete +)?1\/1 +\d+s +\d+s\nqueue +(Complete +)?3\/1 of 3 +\d+s +\d+s\nshares +(Complete +)?12\/12 +\d+s +\d+s\n$/],
      ['get pods -l job-name=shares -o name', /^(pod\/shares-[0-9a-z]{5}\n){12}$/],
      ['describe job once', /\nParallelism: +1\nCompletions: +1\n[^]*Pods Statuses: +0 (Active|Running)( \(0 Ready\))? \/ 1 Succeeded \/ 0 Failed\n[^]*Normal +SuccessfulCreate +\d+s +job-controller +Created pod: once-[0-9a-z]{5}\n +Normal +Completed +\d+s +job-controller +Job completed\n$/],
      ['logs job/once', 'begun\ndone'],
      ['delete job shares', 'job.batch "shares" deleted'],
      ['delete job queue --cascade=orphan', 'job.batch "queue" deleted'],
    ])
    eventually('get pods -l job-name=shares', /^No resources found/)
    story([['get pods -l job-name=queue -o name', /^(pod\/queue-[0-9a-z]{5}\n){3}$/]])
  })

  test('runs that know their number', () => {
    shell().story([
      applied('numbered'), complete('numbered'),
      ['get job numbered -o jsonpath={.spec.completionMode},{.status.completedIndexes}', /^Indexed,0-2$/],
      ['get pods -l job-name=numbered --sort-by=.metadata.name -o name', /^pod\/numbered-0-[0-9a-z]{5}\npod\/numbered-1-[0-9a-z]{5}\npod\/numbered-2-[0-9a-z]{5}\n$/],
      [`get pods -l job-name=numbered --sort-by=.metadata.name -o 'jsonpath={.items[*].metadata.annotations.batch\\.kubernetes\\.io/job-completion-index}'`, /^0 1 2$/],
    ])
  })

  test('failures: until the limit, until the deadline, and until it works', () => {
    shell().story([
      applied('hopeless'), applied('late'), applied('stubborn'),
      failed('hopeless'), [why('hopeless'), /^BackoffLimitExceeded$/],
      ['get pods -l job-name=hopeless --no-headers', /^hopeless-[0-9a-z]{5} +0\/1 +Error +0 +\d+s\n$/],
      ['describe job hopeless', /Warning +BackoffLimitExceeded +\d+s +job-controller +Job has reached the specified backoff limit\n$/],
      failed('late'), [why('late'), /^DeadlineExceeded$/],
      ['get pods -l job-name=late', /^No resources found/],
      ['describe job late', /Warning +DeadlineExceeded +\d+s +job-controller +Job was active longer than specified deadline\n$/],
      ['get pods -l job-name=stubborn --no-headers', /^stubborn-[0-9a-z]{5} +0\/1 +(CrashLoopBackOff|Error|Running|Completed) +[12] /],
    ])
  })

  test('suspended, a Job has no pods; resumed, it runs', () => {
    const { story, eventually } = shell()
    story([
      ['create job held --image=localhost/skiff/busybox:1 -- sleep 300', 'job.batch/held created'],
      ['wait --for=condition=Ready pod -l job-name=held --timeout=20s', /condition met\n$/],
      [`patch job held --type=merge -p '{"spec":{"suspend":true}}'`, 'job.batch/held patched'],
    ])
    eventually('get pods -l job-name=held', /^No resources found/)
    story([[`patch job held --type=merge -p '{"spec":{"suspend":false}}'`, 'job.batch/held patched']])
    eventually('get pods -l job-name=held --no-headers', /^held-[0-9a-z]{5} +1\/1 +Running/)
    story([['describe job held', /Normal +Suspended +\d+s +job-controller +Job suspended\n[^]*Normal +Resumed +\d+s +job-controller +Job resumed\n/]])
  })

  test('schedules: run now, held, resumed, and what is refused', () => {
    const { story, eventually } = shell()
    story([
      [`apply -f ${schedule('rounds.yaml')} -f ${schedule('closing.yaml')}`, /^cronjob.batch\/rounds created\ncronjob.batch\/closing created\n$/],
      ['get cronjobs --no-headers', /^closing +30 17 \* \* 1-5 +(Europe\/Zurich +)?False +0 +<none> +\d+s\nrounds +\* \* \* \* \* +(<none> +)?False +\d +(<none>|\d+s) +\d+s\n$/],
      ['create job closing-now --from=cronjob/closing', 'job.batch/closing-now created'],
      complete('closing-now'),
      ['get job closing-now -o jsonpath={.metadata.labels.office},{.metadata.annotations.cronjob\\.kubernetes\\.io/instantiate},{.metadata.ownerReferences[0].name}', /^front,manual,closing$/],
      [`patch cronjob rounds -p '{"spec":{"suspend":true}}'`, 'cronjob.batch/rounds patched'],
      ['get cronjob rounds --no-headers', /^rounds +\* \* \* \* \* +(<none> +)?True +/],
      [`patch cronjob rounds -p '{"spec":{"suspend":false}}'`, 'cronjob.batch/rounds patched'],
      ['describe cronjob rounds', /\nSchedule: +\* \* \* \* \*\nConcurrency Policy: +Forbid\nSuspend: +False\nSuccessful Job History Limit: +2\nFailed Job History Limit: +1\nStarting Deadline Seconds: +30s\n/],
      [`patch cronjob rounds -p '{"spec":{"schedule":"0 25 * * *"}}'`, /^The CronJob "rounds" is invalid: spec.schedule: Invalid value: "0 25 \* \* \*": end of range \(25\) above maximum \(23\): 25\n$/],
      [`patch cronjob closing -p '{"spec":{"timeZone":"Moon/Sea"}}'`, /^The CronJob "closing" is invalid: spec.timeZone: Invalid value: "Moon\/Sea": unknown time zone Moon\/Sea\n$/],
    ])
    eventually('get jobs -o name', /closing-now/)
  })

  test('on a clock that is turned: each minute, each working day, and no more kept than wanted', () => {
    const { story, run, cluster, eventually } = shell()
    const turn = (by: string): void => { assert.equal(cluster.skiff(['time', 'advance', by, '--data-dir', cluster.dataDir]).code, 0) }
    const times = (name: string): readonly string[] => run(`get jobs --sort-by=.metadata.creationTimestamp -o 'jsonpath={range .items[?(@.metadata.ownerReferences[0].name=="${name}")]}{.metadata.annotations.batch\\.kubernetes\\.io/cronjob-scheduled-timestamp} {end}'`).split(' ').filter((time) => time !== '')
    turn('5m')
    story([complete('stubborn')])
    const [last = '', ...more] = times('rounds').toReversed()
    assert.deepEqual(more, [new Date(Date.parse(last) - 60_000).toISOString().replace('.000Z', 'Z')])
    story([['get cronjob rounds --no-headers', /^rounds +\* \* \* \* \* +(<none> +)?False +0 +\d+s +\S+\n$/], [`patch cronjob rounds -p '{"spec":{"suspend":true}}'`, 'cronjob.batch/rounds patched']])
    turn('192h')
    assert.equal(times('rounds').length, 2)
    const closed = times('closing')
    assert.deepEqual([closed.length, closed.filter((time) => !/T17:30:00\+0[12]:00$/.test(time)), closed.filter((time) => [0, 6].includes(new Date(time).getUTCDay()))], [3, [], []])
    story([
      ['delete cronjob rounds closing', 'cronjob.batch "rounds" deleted\ncronjob.batch "closing" deleted'],
    ])
    eventually('get jobs closing-now --ignore-not-found', /^$/)
  })
})
