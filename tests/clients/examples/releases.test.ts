// examples/releases, typed into a stock kubectl.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withKubectl } from '../kubectl.ts'
import { fileOf } from './folder.ts'

const file = fileOf('releases')
const sorted = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '').sort()

withKubectl('examples/releases', (shell) => {
  const podsOf = (labels: string): readonly string[] => sorted(shell().run(`get pods -l ${labels} -o jsonpath={.items[*].status.podIP}`))
  const behind = (service: string): readonly string[] => sorted(shell().run(`get endpointslices -l kubernetes.io/service-name=${service} -o jsonpath={.items[*].endpoints[*].addresses[0]}`))

  test('blue and green: the Service is switched, switched back, and the old side goes', () => {
    const { story, eventually } = shell()
    story([
      [`apply -f ${file('blue-green.yaml')}`, 'deployment.apps/harbour-blue created\ndeployment.apps/harbour-green created\nservice/harbour created'],
      ['rollout status deployment/harbour-blue', /successfully rolled out\n$/],
      ['rollout status deployment/harbour-green', /successfully rolled out\n$/],
    ])
    assert.deepEqual([behind('harbour').length, behind('harbour')], [2, podsOf('colour=blue')])
    story([[`patch service harbour -p '{"spec":{"selector":{"colour":"green"}}}'`, 'service/harbour patched']])
    assert.deepEqual(behind('harbour'), podsOf('colour=green'))
    story([
      ['get service harbour -o wide --no-headers', /^harbour +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP +\d+s +app=harbour,colour=green\n$/],
      [`patch service harbour -p '{"spec":{"selector":{"colour":"blue"}}}'`, 'service/harbour patched'],
    ])
    assert.deepEqual(behind('harbour'), podsOf('colour=blue'))
    story([
      [`patch service harbour -p '{"spec":{"selector":{"colour":"green"}}}'`, 'service/harbour patched'],
      ['delete deployment harbour-blue', 'deployment.apps "harbour-blue" deleted'],
    ])
    eventually('get pods -l app=harbour --no-headers', /^(harbour-green-\S+ +1\/1 +Running +0 +\d+s\n){2}$/)
    story([['describe service harbour', /^Name: +harbour\n[^]*\nSelector: +app=harbour,colour=green\n[^]*\nTargetPort: +http\/TCP\nEndpoints: +10\.128\.\d+\.\d+:8080,10\.128\.\d+\.\d+:8080\n/]])
  })

  test('a canary has its share of one Service, and takes over by scaling', () => {
    const { story } = shell()
    story([
      [`apply -f ${file('canary.yaml')}`, 'deployment.apps/lock-steady created\ndeployment.apps/lock-canary created\nservice/lock created'],
      ['rollout status deployment/lock-steady', /successfully rolled out\n$/],
      ['rollout status deployment/lock-canary', /successfully rolled out\n$/],
    ])
    assert.deepEqual([behind('lock').length, podsOf('track=canary').length], [10, 1])
    assert.deepEqual(behind('lock'), podsOf('app=lock'))
    story([
      ['get pods -l app=lock,track!=steady -L track --no-headers', /^lock-canary-\S+ +1\/1 +Running +0 +\d+s +canary\n$/],
      ['scale deployment lock-canary --replicas=5', 'deployment.apps/lock-canary scaled'],
      ['scale deployment lock-steady --replicas=5', 'deployment.apps/lock-steady scaled'],
      ['rollout status deployment/lock-canary', /successfully rolled out\n$/],
      ['rollout status deployment/lock-steady', /successfully rolled out\n$/],
      ['get deployments -l app=lock --no-headers', /^lock-canary +5\/5 +5 +5 +\d+s\nlock-steady +5\/5 +5 +5 +\d+s\n$/],
      ['delete deployments -l track=steady', 'deployment.apps "lock-steady" deleted'],
      ['wait --for=condition=Available deployment/lock-canary --timeout=20s', 'deployment.apps/lock-canary condition met'],
    ])
  })

  test('two variants side by side, one of them behind a header', () => {
    const { story } = shell()
    story([
      [`apply -f ${file('variants.yaml')}`, 'deployment.apps/quay-plain created\ndeployment.apps/quay-bright created\nservice/quay-plain created\nservice/quay-bright created\ningress.networking.k8s.io/quay-bright created'],
      ['rollout status deployment/quay-plain', /successfully rolled out\n$/],
      ['rollout status deployment/quay-bright', /successfully rolled out\n$/],
      ['get ingress', /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\nquay-bright +nginx +quay\.example +80 +\d+s\n$/],
      ['describe ingress quay-bright', /Host +Path +Backends\n +-+ +-+ +-+\n +quay\.example +\n +\/ +quay-bright:http \(10\.128\.\d+\.\d+:8080,10\.128\.\d+\.\d+:8080\)\n/],
      ['get pods -l "variant in (plain,bright)" -o name', /^(pod\/quay-(plain|bright)-\S+\n){4}$/],
    ])
    assert.deepEqual([behind('quay-plain'), behind('quay-bright')], [podsOf('variant=plain'), podsOf('variant=bright')])
    story([[`delete -f ${file('variants.yaml')}`, 'deployment.apps "quay-plain" deleted\ndeployment.apps "quay-bright" deleted\nservice "quay-plain" deleted\nservice "quay-bright" deleted\ningress.networking.k8s.io "quay-bright" deleted']])
  })
})
