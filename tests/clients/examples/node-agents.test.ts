// examples/node-agents, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withKubectl } from '../kubectl.ts'
import { fileOf } from './folder.ts'

const file = fileOf('node-agents')

withKubectl('examples/node-agents', (shell) => {
  const nodesOf = (app: string): string => shell().run(`get pods -l app=${app} -o jsonpath={.items[*].spec.nodeName}`).split(' ').sort().join()

  test('one pod a node, tainted nodes too where they are tolerated', () => {
    const { story } = shell()
    story([
      ['taint node sim-3 closed=yes:NoSchedule', 'node/sim-3 tainted'],
      [`apply -f ${file('collector.yaml')}`, 'daemonset.apps/collector created'],
      ['rollout status daemonset/collector', /^(Waiting for daemon set "collector" rollout to finish: \d of 3 updated pods are available...\n)*daemon set "collector" successfully rolled out\n$/],
      ['get daemonset', /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE\ncollector +3 +3 +3 +3 +3 +<none> +\d+s\n$/],
      ['get pods -l app=collector --field-selector spec.nodeName=sim-3 --no-headers', /^collector-[0-9a-z]{5} +1\/1 +Running +0 +\d+s\n$/],
    ])
    assert.equal(nodesOf('collector'), 'sim-1,sim-2,sim-3')
  })

  test('a rollout changes node after node, and is undone', async () => {
    const { story, start } = shell()
    const seen = start('get daemonset collector --watch -o jsonpath={.status.numberUnavailable},')
    story([['set image daemonset/collector reader=localhost/skiff/busybox:2', 'daemonset.apps/collector image updated']])
    const status = start('rollout status daemonset/collector')
    const said = await status.sees(/successfully rolled out\n$/)
    assert.match(said, /Waiting for daemon set "collector" rollout to finish: \d out of 3 new pods have been updated\.\.\.\n/)
    const unavailable = (await seen.sees(/,/)).split(',').filter((word) => word !== '').map(Number)
    seen.stop()
    assert.deepEqual(unavailable.filter((count) => count > 1), [])
    story([
      ['rollout history daemonset/collector', /^daemonset.apps\/collector \nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/],
      ['rollout undo daemonset/collector', 'daemonset.apps/collector rolled back'],
      ['rollout status daemonset/collector', /successfully rolled out\n$/],
      ['get pods -l app=collector -o jsonpath={.items[*].spec.containers[0].image}', /^(localhost\/skiff\/busybox:1 ?){3}$/],
      ['describe daemonset collector', /\nDesired Number of Nodes Scheduled: 3\nCurrent Number of Nodes Scheduled: 3\nNumber of Nodes Scheduled with Up-to-date Pods: 3\nNumber of Nodes Scheduled with Available Pods: 3\nNumber of Nodes Misscheduled: 0\nPods Status: +3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/],
    ])
  })

  test('pods follow labels, and nodes that come and go', () => {
    const { story, eventually, cluster } = shell()
    story([
      [`apply -f ${file('lamp.yaml')}`, 'daemonset.apps/lamp created'],
      ['get daemonset lamp --no-headers', /^lamp +0 +0 +0 +0 +0 +lamp=on +\d+s\n$/],
      ['label node sim-2 sim-3 lamp=on', 'node/sim-2 labeled\nnode/sim-3 labeled'],
    ])
    eventually('get daemonset lamp --no-headers', /^lamp +1 +1 +1 +1 +1 +lamp=on/)
    assert.equal(nodesOf('lamp'), 'sim-2')
    story([['taint node sim-3 closed-', 'node/sim-3 untainted']])
    eventually('get daemonset lamp --no-headers', /^lamp +2 +2 +2 +2 +2 +lamp=on/)
    story([['label node sim-2 lamp-', /^node\/sim-2 (un)?labeled\n$/]])
    eventually('get pods -l app=lamp -o jsonpath={.items[*].spec.nodeName}', /^sim-3$/)
    assert.equal(cluster.skiff(['node', 'add', '--simulate', '1', '--name', 'extra', '--labels', 'lamp=on', '--data-dir', cluster.dataDir]).code, 0)
    eventually('get daemonset --no-headers', /^collector +4 +4 +4 +4 +4 .*\nlamp +2 +2 +2 +2 +2 /)
    assert.equal(cluster.skiff(['node', 'remove', 'extra-1', '--data-dir', cluster.dataDir]).code, 0)
    eventually('get daemonset --no-headers', /^collector +3 +3 +3 +3 +3 .*\nlamp +1 +1 +1 +1 +1 /)
  })

  test('in the network of the node: its address, and its port once', () => {
    const { story, run, eventually } = shell()
    story([[`apply -f ${file('gauge.yaml')}`, 'daemonset.apps/gauge created'], ['rollout status daemonset/gauge', /successfully rolled out\n$/]])
    const addresses = run(`get nodes -o 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}'`).split(' ').sort()
    assert.deepEqual(run('get pods -l app=gauge -o jsonpath={.items[*].status.podIP}').split(' ').sort(), addresses)
    story([[`run rival --image=localhost/skiff/busybox:1 --overrides '{"spec":{"hostNetwork":true,"containers":[{"name":"rival","image":"rival","ports":[{"containerPort":19100,"hostPort":19100}]}]}}'`, 'pod/rival created']])
    eventually('describe pod rival', /FailedScheduling .*0\/3 nodes are available: 3 node\(s\) didn't have free ports for the requested pod ports\./)
    story([
      ['delete daemonset gauge lamp collector', 'daemonset.apps "gauge" deleted\ndaemonset.apps "lamp" deleted\ndaemonset.apps "collector" deleted'],
      ['wait --for=condition=Ready pod/rival --timeout=20s', 'pod/rival condition met'],
    ])
  })
})
