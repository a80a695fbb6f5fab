// examples/limits, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withKubectl } from '../kubectl.ts'
import { fileOf } from './folder.ts'

const file = fileOf('limits')

withKubectl('examples/limits', (shell) => {
  test('a namespace with an allowance: defaults, what is too much, and what is used', () => {
    const { story, eventually } = shell()
    story([
      // What is measured of its pods comes after some time: the last test looks at it.
      [`apply -f ${file('breathing.yaml')}`, 'deployment.apps/breathing created\nhorizontalpodautoscaler.autoscaling/breathing created'],
      [`apply -f ${file('allowance.yaml')}`, 'namespace/workshop created\nresourcequota/allowance created\nlimitrange/manners created'],
      ['-n workshop create deployment bench --image=localhost/skiff/busybox:1 --replicas=3', 'deployment.apps/bench created'],
      ['-n workshop rollout status deployment/bench', /successfully rolled out\n$/],
      ['-n workshop get pods -o jsonpath={.items[0].spec.containers[0].resources}', /^{"limits":{"cpu":"200m","memory":"64Mi"},"requests":{"cpu":"100m","memory":"32Mi"}}$|^map\[limits:map\[cpu:200m memory:64Mi\] requests:map\[cpu:100m memory:32Mi\]\]$/],
      ['-n workshop describe quota allowance', /Resource +Used +Hard\n-+ +-+ +-+\nlimits.memory +192Mi +512Mi\npersistentvolumeclaims +0 +1\npods +3 +3\nrequests.cpu +300m +500m\n/],
      ['-n workshop run one-more --image=localhost/skiff/busybox:1', 'Error from server (Forbidden): pods "one-more" is forbidden: exceeded quota: allowance, requested: pods=1, used: pods=3, limited: pods=3'],
      ['-n workshop scale deployment bench --replicas=5', 'deployment.apps/bench scaled'],
    ])
    eventually('-n workshop get deployment bench -o jsonpath={range.status.conditions[*]}{.type}={.reason},{end}', /ReplicaFailure=FailedCreate,/)
    eventually('-n workshop describe rs', /Warning +FailedCreate .*replicaset-controller +(\(combined from similar events\): )?Error creating: pods "bench-\S+" is forbidden: exceeded quota: allowance, requested: pods=1, used: pods=3, limited: pods=3/)
    story([
      [`-n workshop run big --image=localhost/skiff/busybox:1 --overrides '{"spec":{"containers":[{"name":"big","image":"big","resources":{"limits":{"cpu":"2"}}}]}}'`, /^Error from server \(Forbidden\): pods "big" is forbidden: maximum cpu usage per Container is 1, but limit is 2\n$/],
      ['-n workshop describe limitrange manners', /Type +Resource +Min +Max +Default Request +Default Limit +Max Limit\/Request Ratio\n-+ [^\n]*\n(Container +cpu +- +1 +100m +200m +-\n|Container +memory +- +- +32Mi +64Mi +-\n){2}/],
      ['delete namespace workshop', 'namespace "workshop" deleted'],
    ])
  })

  test('a budget holds a drain until there is another pod', async () => {
    const { story, start, run, eventually } = shell()
    story([
      ['cordon sim-2 sim-3', 'node/sim-2 cordoned\nnode/sim-3 cordoned'],
      [`apply -f ${file('budget.yaml')}`, 'deployment.apps/choir created\npoddisruptionbudget.policy/choir created'],
      ['rollout status deployment/choir', /successfully rolled out\n$/],
    ])
    eventually('get pods -l app=choir -o jsonpath={.items[*].spec.nodeName}', /^sim-1 sim-1 sim-1$/)
    eventually('get pdb choir --no-headers', /^choir +2 +N\/A +1 +\d+s\n$/)
    const drain = start('drain sim-1 --ignore-daemonsets --timeout=60s')
    await drain.sees(/error when evicting pods?\/?"choir-\S+"( -n "default")? \(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget\./)
    assert.match(run('get pods -l app=choir --field-selector=status.phase=Running --no-headers'), /^(choir-\S+ +1\/1 +Running +0 +\d+s\n){2}$/)
    story([['uncordon sim-2 sim-3', 'node/sim-2 uncordoned\nnode/sim-3 uncordoned']])
    await drain.sees(/node\/sim-1 (drained|evicted)\n/)
    eventually('get deployment choir --no-headers', /^choir +3\/3 /)
    story([
      ['get pods -l app=choir --field-selector spec.nodeName=sim-1', 'No resources found in default namespace.'],
      ['uncordon sim-1', 'node/sim-1 uncordoned'],
      [`delete -f ${file('budget.yaml')}`, 'deployment.apps "choir" deleted\npoddisruptionbudget.policy "choir" deleted'],
    ])
  })

  test('an autoscaler has sized its Deployment meanwhile; it is told, described and made', () => {
    const { story, eventually } = shell()
    eventually('get deployment breathing --no-headers', /^breathing +3\/3 /)
    story([
      ['get hpa breathing --no-headers', /^breathing +Deployment\/breathing +(cpu: )?\d+%\/100% +1 +5 +\d +\S+\n$/],
      ['describe hpa breathing', /ScalingActive +True +ValidMetricFound +the HPA was able to successfully calculate a replica count from cpu resource utilization \(percentage of request\)\n/],
      ['autoscale deployment breathing --name=another --min=2 --max=4 --cpu-percent=50', 'horizontalpodautoscaler.autoscaling/another autoscaled'],
      ['delete hpa breathing another', 'horizontalpodautoscaler.autoscaling "breathing" deleted\nhorizontalpodautoscaler.autoscaling "another" deleted'],
      ['delete deployment breathing', 'deployment.apps "breathing" deleted'],
    ])
  })
})
