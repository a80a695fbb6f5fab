// What stock kubectls show: every kind described, explained, listed as wide and watched.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stockKubectl, until } from '../e2e/playground.ts'
import { withEveryKubectl } from './kubectl.ts'

const world = `apiVersion: v1
kind: Namespace
metadata: {name: team}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: first, image: "setup:1"}, {name: proxy, image: "proxy:1", restartPolicy: Always}]
      containers:
      - name: web
        image: web:1
        ports: [{containerPort: 8080}]
        env: [{name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}]
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
        readinessProbe: {httpGet: {path: /ready, port: 8080}}
        volumeMounts: [{name: scratch, mountPath: /scratch}]
      volumes: [{name: scratch, emptyDir: {}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: team}
data: {colour: red}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: team}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: team}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1", volumeMounts: [{name: data, mountPath: /data}]}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: team}
spec: {selector: {matchLabels: {app: agent}}, template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: agent, image: "agent:1"}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick, namespace: team}
spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: tick, image: "tick:1"}]}}}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: team}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: once, image: "once:1"}]}}}
---
apiVersion: v1
kind: Secret
metadata: {name: door, namespace: team}
stringData: {key: open}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: urgent}
value: 1000
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: leader, namespace: team}
spec: {holderIdentity: me}
`

/** Each kind of the slice: what is described, and what has to be in it. */
const described: readonly (readonly [string, RegExp])[] = [
  ['deployment web', /^Name: +web\n[^]*\nReplicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable\n[^]*\nNewReplicaSet: +web-[0-9a-z]+ \(2\/2 replicas created\)\nEvents:[^]* Scaled up replica set web-[0-9a-z]+ (to 2|from 0 to 2)\n$/],
  ['rs -l app=web', /^Name: +web-[0-9a-z]+\n[^]*\nControlled By: +Deployment\/web\nReplicas: +2 current \/ 2 desired\nPods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/],
  ['pod -l app=web', /^Name: +web-[^]*\nInit Containers:\n {2}first:\n[^]*Reason: +Completed\n[^]*\nContainers:\n {2}web:\n[^]*Port: +8080\/TCP\n[^]*COLOUR: +<set to the key 'colour' of config map 'settings'> +Optional: false\n[^]*QoS Class: +Burstable\n[^]*Successfully assigned team\/web-/],
  ['service web', /^Name: +web\n[^]*\nIP: +10\.96\.\d+\.\d+\n[^]*\nTargetPort: +8080\/TCP\nEndpoints: +10\.128\.\d+\.\d+:8080,10\.128\.\d+\.\d+:8080\n/],
  ['endpoints web', /^Name: +web\n[^]*\nSubsets:\n {2}Addresses: +10\.128/],
  ['statefulset db', /^Name: +db\n[^]*\nReplicas: +1 desired \| 1 total\nUpdate Strategy: +RollingUpdate\n[^]*\nVolume Claims:\n {2}Name: +data\n[^]*create Claim data-db-0 Pod db-0 in StatefulSet db success\n/],
  ['daemonset agent', /^Name: +agent\n[^]*\nDesired Number of Nodes Scheduled: 3\n[^]*\nPods Status: +3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/],
  ['job once', /^Name: +once\n[^]*\nPods Statuses: +0 (Running|Active \(0 Ready\)) \/ 1 Succeeded \/ 0 Failed\n[^]*Job completed\n$/],
  ['cronjob tick', /^Name: +tick\n[^]*\nSchedule: +0 3 \* \* \*\n/],
  ['configmap settings', /^Name: +settings\n[^]*\nData\n====\ncolour:\n----\nred\n/],
  ['secret door', /^Name: +door\n[^]*\nData\n====\nkey: {2}4 bytes\n/],
  ['serviceaccount default', /^Name: +default\nNamespace: +team\n/],
  ['pvc data-db-0', /^Name: +data-db-0\n[^]*\nStatus: +Bound\n[^]*\nUsed By: +db-0\n/],
  ['pv', /^Name: +pvc-[^]*\nClaim: +team\/data-db-0\nReclaim Policy: +Delete\n/],
  ['storageclass standard', /^Name: +standard\nIsDefaultClass: +Yes\n[^]*\nVolumeBindingMode: +WaitForFirstConsumer\n/],
  ['node sim-1', /^Name: +sim-1\n[^]*\nNon-terminated Pods: +\(\d+ in total\)\n[^]*\nAllocated resources:\n/],
  ['namespace team', /^Name: +team\nLabels: +kubernetes.io\/metadata.name=team\nAnnotations: +<none>\nStatus: +Active\n/],
  ['priorityclass urgent', /^Name: +urgent\nValue: +1000\nGlobalDefault: +false\n/],
  ['lease leader', /^Name: +leader\n[^]*Holder Identity: +me\n/],
  ['controllerrevision', /^Name: +(agent|db)-[0-9a-z]+\n[^]*Revision: +1\n/],
  ['clusterrole view', /^Name: +view\n[^]*\nPolicyRule:\n/],
  ['clusterrolebinding cluster-admin', /\n {2}Group {2}system:masters {2}\n/],
]

withEveryKubectl('looking', (shell) => {
  test('every kind is described', () => {
    const { run, story, old } = shell()
    run('apply -f -', { input: world })
    story([
      ['-n team rollout status deployment/web --timeout=30s', /successfully rolled out\n$/], ['-n team rollout status daemonset/agent --timeout=30s', /successfully rolled out\n$/],
      ['-n team rollout status statefulset/db --timeout=30s', /./], ['-n team wait --for=condition=complete job/once --timeout=30s', 'job.batch/once condition met'],
      ...described.map(([what, expected]) => [`describe ${what} -n team`, expected] as const),
      // kubectl 1.20 describes them in v1beta1.
      ['describe endpointslice -n team', /^Name: +(db|web)-[0-9a-z]{5}\nNamespace: +team\n[^]*\nAddressType: +IPv4\n/],
      ...(old ? [['describe endpointslice -n team', /Topology: +kubernetes.io\/hostname=sim-\d\n/] as const] : []),
      ['describe pod absent -n team', 'Error from server (NotFound): pods "absent" not found'],
    ])
  })

  test('what guards, scales and exposes a workload is made, described and listed', () => {
    const { story } = shell()
    story([
      ['create pdb guard -n team --selector=app=web --min-available=1', 'poddisruptionbudget.policy/guard created'],
      ['describe pdb guard -n team', /^Name: +guard\nNamespace: +team\nMin available: +1\nSelector: +app=web\n/],
      ['get pdb -n team', /^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE\nguard +1 +N\/A +\d +\w+\n$/],
      ['autoscale deployment web -n team --min=1 --max=3 --cpu-percent=60', 'horizontalpodautoscaler.autoscaling/web autoscaled'],
      ['describe hpa web -n team', /^Name: +web\nNamespace: +team\n[^]*Reference: +Deployment\/web\n[^]*(resource cpu on pods +\(as a percentage of request\): +<unknown> \/ 60%|Target CPU utilization: +60%\nCurrent CPU utilization: +<unknown>%)\nMin replicas: +1\nMax replicas: +3\n/],
      ['get hpa -n team', /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\nweb +Deployment\/web +cpu: <unknown>\/60% +1 +3 +0 +\w+\n$/],
      ['create ingress door -n team --rule=shop.example.com/*=web:80', 'ingress.networking.k8s.io/door created'],
      ['describe ingress door -n team', /^Name: +door\n[^]*\n +shop.example.com +\n +\/ +web:80 /],
      ['get ingress -n team', /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\ndoor +<none> +shop.example.com +80 +\w+\n$/],
      ['get servicecidrs', /^NAME +CIDRS +AGE\nkubernetes +10.96.0.0\/16 +\w+\n$/], ['get ipaddresses', /^NAME +PARENTREF\n[^]*10\.96\.0\.1 +services\/default\/kubernetes\n/],
      ['delete pdb,hpa,ingress --all -n team', /deleted/],
    ])
  })

  test('every kind is listed, in its columns', () => {
    shell().story([
      ['get nodes', /^NAME +STATUS +ROLES +AGE +VERSION\n(sim-\d +Ready +<none> +\w+ +v1\.36\.0\n){3}$/],
      ['get nodes -o wide', /^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\n/],
      ['get ns', /^NAME +STATUS +AGE\ndefault +Active +\w+\nkube-node-lease +Active +\w+\nkube-public +Active +\w+\nkube-system +Active +\w+\nteam +Active +\w+\n$/],
      ['get pods -n team -o wide', /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\n(agent-\w+ +1\/1 +Running +0 .*\n){3}db-0 +1\/1 +Running +0 .*\nonce-\w+ +0\/1 +Completed +0 .*\n(web-\S+ +2\/2 +Running +0 .*\n){2}$/],
      ['get deploy -n team -o wide', /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +2\/2 +2 +2 +\w+ +web +web:1 +app=web\n$/],
      ['get sts -n team -o wide', /^NAME +READY +AGE +CONTAINERS +IMAGES\ndb +1\/1 +\w+ +db +db:1\n$/],
      ['get ds -n team', /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE\nagent +3 +3 +3 +3 +3 +<none> +\w+\n$/],
      ['get secrets -n team', /^NAME +TYPE +DATA +AGE\ndoor +Opaque +1 +\w+\n$/],
      ['get sa -n team', /^NAME +AGE\ndefault +\w+\n$/],
      ['get pc', /^NAME +VALUE +GLOBAL-DEFAULT +AGE( +PREEMPTIONPOLICY)?\nsystem-cluster-critical +2000000000 +false +\w+ +PreemptLowerPriority\nsystem-node-critical +2000001000 +false +\w+ +PreemptLowerPriority\nurgent +1000 +false +\w+ +PreemptLowerPriority\n$/],
      ['get sc', /^NAME +PROVISIONER +RECLAIMPOLICY +VOLUMEBINDINGMODE +ALLOWVOLUMEEXPANSION +AGE\nstandard \(default\) +skiff.dev\/local +Delete +WaitForFirstConsumer +true +\w+\n$/],
      ['get lease -n team', /^NAME +HOLDER +AGE\nleader +me +\w+\n$/],
      ['get controllerrevisions -n team', /^NAME +CONTROLLER +REVISION +AGE\nagent-\w+ +daemonset.apps\/agent +1 +\w+\ndb-\w+ +statefulset.apps\/db +1 +\w+\n$/],
      ['get endpointslices -n team --no-headers', /^web-\w+ +IPv4 +8080 +10\.128\.\d+\.\d+,10\.128\.\d+\.\d+ +\w+\n$/],
      ['get clusterrolebinding cluster-admin --no-headers', /^cluster-admin +ClusterRole\/cluster-admin +\w+\n$/],
      ['get events -n team --field-selector involvedObject.kind=Job', /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +SuccessfulCreate +job\/once +Created pod: once-\w+\n\S+ +Normal +Completed +job\/once +Job completed\n$/],
      ['get events -n team --field-selector type=Warning,reason=BackOff', 'No resources found in team namespace.'],
      ['get events -n team --sort-by=.metadata.creationTimestamp --no-headers', /^\S+ .*\n/],
      ['get pods -A --no-headers --field-selector metadata.namespace!=team', 'No resources found'],
    ])
  })

  test('what is served is found and explained', () => {
    const { story, run, old } = shell()
    const workloads = ['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets']
    assert.deepEqual(run('api-resources --api-group=apps -o name').trim().split('\n').sort(), workloads.map((plural) => `${plural}.apps`))
    assert.deepEqual(run('api-resources --namespaced=false --api-group= -o name').trim().split('\n').sort(), ['componentstatuses', 'namespaces', 'nodes', 'persistentvolumes'])
    for (const version of ['apps/v1', 'batch/v1', 'v1', 'events.k8s.io/v1', 'rbac.authorization.k8s.io/v1']) assert.ok(run('api-versions').split('\n').includes(version))
    story([
      ['api-resources --api-group=batch --no-headers', /^cronjobs +cj +batch\/v1(beta1)? +true +CronJob\n(cronjobs .*\n)?jobs +batch\/v1 +true +Job\n/],
      ['explain deployment.spec.replicas', old ? /^KIND: +Deployment\nVERSION: +apps\/v1\n\nFIELD: +replicas <integer>\n\nDESCRIPTION:\n/ : /^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n\nFIELD: replicas <integer>\n/],
      ['explain pod.spec.containers', /FIELDS?: ?/],
      ['explain statefulset --recursive', /\n +volumeClaimTemplates\t<\[\](Object|PersistentVolumeClaim)>\n/],
      ['explain absent', /the server doesn't have a resource type "absent"/],
      ['explain pod.spec.absent', /error: field "absent" does not exist\n$/],
      ['version -o json', /"gitVersion": "v1\.36\.0\+skiff/],
      ['cluster-info', /control plane is running at https:\/\/127\.0\.0\.1:\d+\n/],
      ['get --raw /healthz', /^ok$/],
      ['get --raw /readyz?verbose', /\[\+\]etcd ok\n[^]*readyz check passed\n$/],
      ['get --raw /absent', 'Error from server (NotFound): the server could not find the requested resource'],
    ])
    if (!old) story([['events -n team --for job/once', /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +\w+ +Job\/once /]])
  })

  test('a watch shows what comes, changes and goes', async () => {
    const { cluster, run, old } = shell()
    const program = stockKubectl(old ? 'SKIFF_TEST_KUBECTL_OLD' : 'SKIFF_TEST_KUBECTL') ?? ''
    const watching = cluster.startKubectl(program, ['get', 'configmaps', '-w', '--output-watch-events', '-l', 'watched=yes'])
    const one = cluster.startKubectl(program, ['get', 'configmap', 'kube-root-ca.crt', '-w', '-o', 'name'])
    const heard = { many: '', one: '' }
    watching.stdout?.on('data', (chunk: Buffer) => { heard.many += chunk.toString() })
    one.stdout?.on('data', (chunk: Buffer) => { heard.one += chunk.toString() })
    try {
      await until('the single object is shown', () => heard.one === 'configmap/kube-root-ca.crt\n' || heard.one)
      run('create configmap first')
      run('label configmap first watched=yes')
      await until('it is watched', () => /ADDED +first +0/.test(heard.many) || heard.many)
      run(`patch configmap first -p '{"data":{"a":"b"}}'`)
      run('label configmap first watched-')
      run('delete configmap first')
      await until('it has gone from sight', () => heard.many.includes('DELETED') || heard.many)
      assert.match(heard.many, /^EVENT +NAME +DATA +AGE\nADDED +first +0 +\w+\nMODIFIED +first +1 +\w+\nDELETED +first +1 +\w+\n$/)
      run('label configmap kube-root-ca.crt seen=yes')
      await until('its change is shown', () => heard.one === 'configmap/kube-root-ca.crt\nconfigmap/kube-root-ca.crt\n' || heard.one)
    } finally {
      watching.kill()
      one.kill()
    }
  })
})
