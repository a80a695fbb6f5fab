// examples/patterns, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withKubectl } from '../kubectl.ts'
import { fileOf } from './folder.ts'

const file = fileOf('patterns')

withKubectl('examples/patterns', (shell) => {
  test('init containers run one after the other, then the main one', async () => {
    const { story, start } = shell()
    const watch = start('get pods --watch --no-headers')
    story([[`apply -f ${file('prepared.yaml')}`, 'pod/prepared created'], ['wait --for=condition=Ready pod/prepared --timeout=20s', 'pod/prepared condition met']])
    const statuses = [...(await watch.sees(/prepared +1\/1 +Running/)).matchAll(/^prepared +\d\/1 +(\S+)/gm)].map(([, status]) => status)
    watch.stop()
    assert.deepEqual([...new Set(statuses)], ['Pending', 'Init:0/2', 'Init:1/2', 'PodInitializing', 'Running'])
    story([
      ['get pod prepared -o jsonpath={.status.initContainerStatuses[*].state.terminated.reason}', /^Completed Completed$/],
      ['describe pod prepared', /\nInit Containers:\n {2}fetch:\n[^]*State: +Terminated\n +Reason: +Completed\n +Exit Code: +0\n[^]*\n {2}unpack:\n[^]*\nContainers:\n {2}show:\n/],
    ])
  })

  test('a sidecar starts first, stays, and does not keep its Job from completing', async () => {
    const { story, start } = shell()
    const watch = start('get pods --watch --no-headers -l job-name=alongside')
    story([
      [`apply -f ${file('alongside.yaml')}`, 'job.batch/alongside created'],
      ['wait --for=condition=complete job/alongside --timeout=20s', 'job.batch/alongside condition met'],
    ])
    const statuses = [...(await watch.sees(/ 0\/2 +Completed/)).matchAll(/^alongside-[0-9a-z]{5} +(\d\/2 +\S+)/gm)].map(([, status = '']) => status.replace(/ +/, ' '))
    watch.stop()
    assert.deepEqual(statuses.filter((status) => ['2/2 Running', '0/2 Completed'].includes(status)).filter((status, at, all) => status !== all[at - 1]), ['2/2 Running', '0/2 Completed'])
  })

  test('a proxy and an interpreter beside the main container; what has no process says so', () => {
    const { story } = shell()
    story([
      [`apply -f ${file('go-between.yaml')} -f ${file('interpreter.yaml')}`, 'configmap/go-between created\npod/go-between created\npod/interpreter created'],
      ['wait --for=condition=Ready pod/go-between pod/interpreter --timeout=20s', 'pod/go-between condition met\npod/interpreter condition met'],
      ['get pods go-between interpreter --no-headers', /^go-between +2\/2 +Running +0 +\d+s\ninterpreter +2\/2 +Running +0 +\d+s\n$/],
      ['get pod go-between -o jsonpath={.spec.containers[*].name},{.spec.volumes[0].configMap.name}', /^inner outer,go-between$/],
      ['logs interpreter -c interpreter', /container "interpreter" in pod "interpreter" runs on the simulated node sim-\d: it writes no log; the pod's annotation skiff\.dev\/log would tell one\n$/],
      ['exec interpreter -c speaker -- date', /pod interpreter runs on the simulated node sim-\d: there is no process to exec; the pod's annotation skiff\.dev\/exec\.date would give its answer, a real node has a process\n$/],
      ['port-forward pod/go-between 19090:9090', /pod go-between runs on the simulated node sim-\d: there is no process to forward to; pods on real nodes have one\n$/],
    ])
  })

  test('an init container that fails is tried again, ever later, and the pod waits', () => {
    const { story, eventually } = shell()
    story([[`apply -f ${file('waiting.yaml')}`, 'pod/waiting created']])
    eventually('get pod waiting --no-headers', /^waiting +0\/1 +Init:CrashLoopBackOff +[12]/)
    story([
      ['get pod waiting -o jsonpath={.status.phase},{.status.containerStatuses[0].state.waiting.reason}', /^Pending,PodInitializing$/],
      ['describe pod waiting', /Warning +BackOff +\S+ .*kubelet +Back-off restarting failed container look in pod waiting_default\(\S+\)\n/],
      ['delete pod waiting', 'pod "waiting" deleted'],
    ])
  })
})
