// examples/deployments, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileOf } from './folder.ts'
import { withKubectl } from '../kubectl.ts'

const file = fileOf('deployments')

withKubectl('examples/deployments', (shell) => {
  test('a rollout is watched: never fewer than three, never more than six', async () => {
    const { story, start, run } = shell()
    story([[`apply -f ${file('ferry.yaml')}`, 'deployment.apps/ferry created']])
    const first = start('rollout status deployment/ferry')
    assert.match(await first.sees(/successfully rolled out/), /^Waiting for deployment "ferry" rollout to finish: \d of 4 updated replicas are available...\n/)
    story([
      ['get deployment ferry', /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nferry +4\/4 +4 +4 +\d+s\n$/],
      [`apply -f ${file('ferry.yaml')}`, 'deployment.apps/ferry unchanged'],
      ['describe deployment ferry', /\nReplicas: +4 desired \| 4 updated \| 4 total \| 4 available \| 0 unavailable\nStrategyType: +RollingUpdate\nMinReadySeconds: +0\nRollingUpdateStrategy: +1 max unavailable, 2 max surge\n/],
    ])
    const seen = start('get deployment ferry --watch -o jsonpath={.status.replicas}/{.status.availableReplicas},')
    await seen.sees(/^4\/4,/)
    story([['set image deployment/ferry deck=localhost/skiff/busybox:2', 'deployment.apps/ferry image updated']])
    const second = start('rollout status deployment/ferry')
    const said = await second.sees(/deployment "ferry" successfully rolled out\n$/)
    assert.match(said, /^Waiting for deployment "?ferry"? rollout to finish: (0|\d out of 4 new replicas have been updated|\d old replicas are pending termination|\d of 4 updated replicas are available)/)
    const counts = (await seen.sees(/.,4\/4,$/)).split(',').filter((one) => one !== '').map((one) => one.split('/').map(Number))
    seen.stop()
    assert.deepEqual(counts.filter(([replicas = 0, available = 0]) => replicas > 6 || available < 3), [], JSON.stringify(counts))
    assert.ok(counts.some(([replicas = 0]) => replicas > 4), JSON.stringify(counts))
    const sets = run(String.raw`get rs -l app=ferry --sort-by=.metadata.annotations.deployment\.kubernetes\.io/revision --no-headers`)
    assert.match(sets, /^ferry-\S+ +0 +0 +0 +\d+s\nferry-\S+ +4 +4 +4 +\d+s\n$/)
    story([['get events --field-selector involvedObject.name=ferry -o jsonpath={.items[0].message}', /^Scaled up replica ?set ferry-\S+ from 0 to 4$/]])
  })

  test('its history: told, undone, paused, resumed, restarted', () => {
    const { story, eventually } = shell()
    const settled: readonly [string, RegExp] = ['rollout status deployment/ferry', /successfully rolled out\n$/]
    story([
      ['annotate deployment ferry kubernetes.io/change-cause="a newer deck"', 'deployment.apps/ferry annotated'],
    ])
    eventually('rollout history deployment/ferry', /^deployment.apps\/ferry \nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +a newer deck\n/)
    story([
      ['rollout undo deployment/ferry', 'deployment.apps/ferry rolled back'], settled,
      ['get deployment ferry -o jsonpath={.spec.template.spec.containers[0].image}', /^localhost\/skiff\/busybox:1$/],
      ['rollout history deployment/ferry', /REVISION +CHANGE-CAUSE\n2 +a newer deck\n3 +<none>\n/],
      ['rollout undo deployment/ferry --to-revision=2', 'deployment.apps/ferry rolled back'], settled,
      ['rollout pause deployment/ferry', 'deployment.apps/ferry paused'],
      ['set env deployment/ferry ROUTE=south', 'deployment.apps/ferry env updated'],
      ['rollout status deployment/ferry --timeout=1s', /^Waiting for deployment "?ferry"? (rollout to finish: 0 out of 4 new replicas have been updated|spec update to be observed)[^]*error: timed out waiting for the condition\n$/],
      ['rollout resume deployment/ferry', 'deployment.apps/ferry resumed'], settled,
      ['get pods -l app=ferry -o jsonpath={.items[*].spec.containers[0].env[0].value}', /^south south south south$/],
      ['rollout restart deployment/ferry', 'deployment.apps/ferry restarted'], settled,
      ['scale deployment/ferry --replicas=6', 'deployment.apps/ferry scaled'], settled,
      ['get deployment ferry -o jsonpath={.status.availableReplicas}', /^6$/],
    ])
    eventually('rollout history deployment/ferry', /REVISION +CHANGE-CAUSE\n3 +<none>\n4 +a newer deck\n5 +a newer deck\n6 +a newer deck\n\n$/)
  })

  test('Recreate has no two versions at once, and a rollout that stands still says so', async () => {
    const { story, start, run, refused, eventually } = shell()
    story([
      [`apply -f ${file('kiosk.yaml')}`, 'deployment.apps/kiosk created'],
      ['rollout status deployment/kiosk', /successfully rolled out\n$/],
    ])
    const pods = start('get pods -l app=kiosk --watch -o jsonpath={.metadata.name}={.spec.containers[0].image}={.status.phase},')
    await pods.sees(/Running/)
    story([['set image deployment/kiosk counter=localhost/skiff/busybox:2', 'deployment.apps/kiosk image updated'], ['rollout status deployment/kiosk', /successfully rolled out\n$/]])
    const images = (await pods.sees(/busybox:2=Running,.*busybox:2=Running,/)).split(',').map((one) => one.split('=')[1] ?? '')
    pods.stop()
    assert.deepEqual(images.slice(images.indexOf('localhost/skiff/busybox:2')).filter((image) => image.endsWith(':1')), [])
    story([['set image deployment/kiosk counter=localhost/skiff/busybox:absent', 'deployment.apps/kiosk image updated']])
    assert.match(refused('rollout status deployment/kiosk'), /error: deployment "kiosk" exceeded its progress deadline\n$/)
    eventually('get pods -l app=kiosk --no-headers', /^(kiosk-\S+ +0\/1 +(ErrImagePull|ImagePullBackOff) +0 +\d+s\n){2}$/)
    assert.match(run('describe deployment kiosk'), /Progressing +False +ProgressDeadlineExceeded\n/)
    story([['rollout undo deployment/kiosk', 'deployment.apps/kiosk rolled back'], ['rollout status deployment/kiosk', /successfully rolled out\n$/]])
  })

  test('cascades: all goes, or the ReplicaSet stays, or its pods do', () => {
    const { story, eventually } = shell()
    story([
      ['delete deployment kiosk --cascade=orphan', 'deployment.apps "kiosk" deleted'],
      ['get rs -l app=kiosk -o jsonpath={.items[*].metadata.ownerReferences}', /^$/],
      [`apply -f ${file('kiosk.yaml')}`, 'deployment.apps/kiosk created'],
      ['rollout status deployment/kiosk', /successfully rolled out\n$/],
      ['delete deployment kiosk', 'deployment.apps "kiosk" deleted'],
      ['delete deployment ferry --cascade=foreground', 'deployment.apps "ferry" deleted'],
      ['get rs -l app=ferry', 'No resources found in default namespace.'],
    ])
    eventually('get rs,pods -l app=kiosk', /^No resources found/)
  })
})
