// Workloads driven by stock kubectls, on simulated nodes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withEveryKubectl } from './kubectl.ts'

const template = (app: string, more = ''): string => `template: {metadata: {labels: {app: ${app}}}, spec: {containers: [{name: main, image: "${app}:1"}]${more}}}`

withEveryKubectl('workloads', (shell) => {
  test('a Deployment is made, looked at, exposed and scaled', () => {
    shell().story([
      ['create deployment web --image=web:1 --replicas=4 --port=80', 'deployment.apps/web created'],
      ['rollout status deployment/web', /deployment "web" successfully rolled out\n$/],
      ['get deployment web', /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +4\/4 +4 +4 +\d+s\n$/],
      ['get deploy web -o wide --no-headers', /^web +4\/4 +4 +4 +\d+s +web +web:1 +app=web\n$/],
      ['get rs -l app=web -o wide --no-headers', /^web-[0-9a-z]{8,10} +4 +4 +4 +\d+s +web +web:1 +app=web,pod-template-hash=[0-9a-z]{8,10}\n$/],
      ['get pods -l app=web --no-headers', /^(web-[0-9a-z]+-[0-9a-z]{5} +1\/1 +Running +0 +\d+s\n){4}$/],
      ['expose deployment web --port=80 --target-port=8080 --name=shop', 'service/shop exposed'],
      ['get svc shop', /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nshop +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP +\d+s\n$/],
      ['get endpoints shop --no-headers', /^shop +10\.128\.\d+\.\d+:8080,10\.128\.\d+\.\d+:8080,10\.128\.\d+\.\d+:8080 \+ 1 more\.\.\. +\d+s\n/],
      ['scale deployment web --replicas=2', 'deployment.apps/web scaled'],
      ['scale deployment web --replicas=3 --current-replicas=9', 'error: Expected replicas to be 9, was 2'],
      ['scale deployment web --replicas=3 --current-replicas=2', 'deployment.apps/web scaled'],
      ['scale deployment absent --replicas=3', /deployments.apps "absent" not found\n$/],
      ['rollout status deploy/web', /successfully rolled out\n$/],
      ['get deploy web -o jsonpath={.status.readyReplicas}', /^3$/],
      ['wait deploy/web --for=condition=Available --timeout=20s', 'deployment.apps/web condition met'],
    ])
  })

  test('a rollout: its history, undone, paused, restarted', () => {
    const { story, old } = shell()
    story([
      ['set image deployment/web web=web:2', 'deployment.apps/web image updated'],
      ['rollout status deployment/web --timeout=30s', /successfully rolled out\n$/],
      ['annotate deployment web kubernetes.io/change-cause="the second"', 'deployment.apps/web annotated'],
      ['rollout history deployment/web', 'deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         the second\n'],
      ['rollout history deployment/web --revision=2', /^deployment.apps\/web with revision #2\nPod Template:\n {2}Labels:\tapp=web\n\tpod-template-hash=[0-9a-z]+\n {2}Annotations:\tkubernetes.io\/change-cause: the second\n {2}Containers:\n {3}web:\n {4}Image:\tweb:2\n/],
      ['rollout undo deployment/web', 'deployment.apps/web rolled back'],
      ['rollout status deployment/web', /successfully rolled out\n$/],
      ['get deployment web -o jsonpath={.spec.template.spec.containers[0].image}', /^web:1$/],
      ['rollout history deployment/web', 'deployment.apps/web \nREVISION  CHANGE-CAUSE\n2         the second\n3         <none>\n'],
      ['rollout undo deployment/web --to-revision=2', 'deployment.apps/web rolled back'],
      ['rollout undo deployment/web --to-revision=99', 'error: unable to find specified revision 99 in history'],
      ['rollout pause deployment/web', 'deployment.apps/web paused'],
      ['rollout pause deployment/web', 'error: deployments.apps "web" is already paused'],
      ['rollout restart deployment/web', `error: deployments.apps "web" can't restart paused deployment (run rollout resume first)`],
      ['set env deployment/web A=B', 'deployment.apps/web env updated'],
      ['rollout resume deployment/web', 'deployment.apps/web resumed'],
      ['rollout resume deployment/web', 'error: deployments.apps "web" is not paused'],
      ['rollout restart deployment/web', 'deployment.apps/web restarted'],
      ['rollout status deployment/web', /successfully rolled out\n$/],
      ['set env deployment/web --list', '# Deployment web, container web\nA=B'],
      ['set env deployment/web A-', 'deployment.apps/web env updated'],
      ['set resources deployment/web --requests=cpu=10m --limits=cpu=20m', 'deployment.apps/web resource requirements updated'],
      ['set serviceaccount deployment/web default', 'deployment.apps/web serviceaccount updated'],
      ['set image deployment/web absent=web:2', 'error: unable to find container named "absent"'],
      ['set image deployment/web web=web:3 --record', old ? 'deployment.apps/web image updated' : /deployment.apps\/web image updated/],
      [`patch deployment web -p '{"spec":{"selector":{"matchLabels":{"x":"y"}}}}'`, /^The Deployment "web" is invalid: \n\* spec.template.metadata.labels: Invalid value: .*\n\* spec.selector: Invalid value: .*: field is immutable\n$/],
      ['rollout status deployment/web', /successfully rolled out\n$/],
    ])
  })

  test('blue and green: a Service changes its selector', () => {
    const { story, run } = shell()
    const colour = (name: string): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop-${name}}\nspec: {replicas: 2, selector: {matchLabels: {app: shop, version: ${name}}}, template: {metadata: {labels: {app: shop, version: ${name}}}, spec: {containers: [{name: a, image: "shop:${name}"}]}}}\n`
    story([
      ['apply -f -', 'deployment.apps/shop-blue created\ndeployment.apps/shop-green created\nservice/front created', `${colour('blue')}---\n${colour('green')}---\napiVersion: v1\nkind: Service\nmetadata: {name: front}\nspec: {selector: {app: shop, version: blue}, ports: [{port: 80, targetPort: 8080}]}\n`],
      ['rollout status deployment/shop-blue', /successfully rolled out\n$/],
      ['rollout status deployment/shop-green', /successfully rolled out\n$/],
    ])
    const podsOf = (name: string): string => run(`get pods -l version=${name} -o jsonpath={.items[*].status.podIP}`).split(' ').sort().join()
    const behind = (): string => run('get endpointslices -l kubernetes.io/service-name=front -o jsonpath={.items[*].endpoints[*].addresses[0]}').split(' ').sort().join()
    assert.equal(behind(), podsOf('blue'))
    story([[`patch service front -p '{"spec":{"selector":{"version":"green"}}}'`, 'service/front patched']])
    assert.equal(behind(), podsOf('green'))
    story([['delete deployment shop-blue shop-green', 'deployment.apps "shop-blue" deleted\ndeployment.apps "shop-green" deleted'], ['delete service front shop', 'service "front" deleted\nservice "shop" deleted']])
  })

  test('pods by run: Ready, Completed, and what a simulated pod has not', () => {
    const { story, old } = shell()
    const simulated = /^(Unable to use a TTY.*\n)?(Default.*\n|Use 'kubectl describe.*\n|If you don't see.*\n)*Error from server \(BadRequest\): pod solo runs on the simulated node sim-\d: there is no process to (exec; the pod's annotation skiff\.dev\/exec\.\w+ would .*|attach; pods on real nodes have one)\n/
    story([
      ['run solo --image=busybox --port=80 --labels=app=solo --env=A=B', 'pod/solo created'],
      ['wait pod/solo --for=condition=Ready --timeout=20s', 'pod/solo condition met'],
      ['wait --for=condition=ready pod -l app=solo --timeout=20s', 'pod/solo condition met'],
      ['get pod solo -o wide --no-headers', /^solo +1\/1 +Running +0 +\d+s +10\.128\.\d+\.\d+ +sim-\d +<none> +<none>\n$/],
      ['run once --image=busybox --restart=Never -- sh -c "echo hi"', 'pod/once created'],
      ['run idea --image=busybox --dry-run=client -o name', 'pod/idea'],
      ['run idea --image=busybox --dry-run=server', 'pod/idea created (server dry run)'],
      ['get pod idea', 'Error from server (NotFound): pods "idea" not found'],
      ['logs solo', /^Error from server \(BadRequest\): container "solo" in pod "solo" runs on the simulated node sim-\d: it writes no log; the pod's annotation skiff\.dev\/log would tell one\n$/],
      ['logs solo -c absent', /container (absent|"absent") is not valid for pod (solo|"solo")/],
      ['logs -l app=solo', /runs on the simulated node sim-\d: it writes no log; the pod's annotation skiff\.dev\/log would tell one\n$/],
      ['exec solo -- date', simulated],
      ['exec -it solo -- sh', simulated],
      ['attach solo', simulated],
      ['cp solo:/etc/hostname copied', simulated],
      ['port-forward pod/solo 18080:80', /error upgrading connection: pod solo runs on the simulated node sim-\d: there is no process to forward to; pods on real nodes have one\n$/],
      // What a pod uses is known when it has run for a while.
      ['top pods', /^(error: metrics not available yet|NAME +CPU\(cores\) +MEMORY\(bytes\) *\n[^]+)\n$/],
      ['top nodes', /^NAME +CPU\(cores\) +(CPU\(%\)|CPU%) +MEMORY\(bytes\) +(MEMORY\(%\)|MEMORY%) *\n(sim-\d +\d+m +\d+% +\d+Mi +\d+% *\n)+$/],
      ['delete pod solo', 'pod "solo" deleted'],
      ['get pods --field-selector=status.phase=Succeeded --no-headers', /^once +0\/1 +Completed +0 +\d+s\n$/],
      ['delete pod once --grace-period=0 --force', old ? /warning: Immediate deletion[^]*pod "once" force deleted|pod "once" force deleted[^]*warning: Immediate deletion/ : /pod "once" force deleted/],
    ])
  })

  test('a Job completes, and its pods are found by its name', () => {
    shell().story([
      ['create job pi --image=pi -- perl -e 1', 'job.batch/pi created'],
      ['wait --for=condition=complete job/pi --timeout=20s', 'job.batch/pi condition met'],
      ['get jobs', /^NAME +STATUS +COMPLETIONS +DURATION +AGE\npi +Complete +1\/1 +\d+s +\d+s\n$/],
      ['get pods -l job-name=pi --no-headers', /^pi-[0-9a-z]{5} +0\/1 +Completed +0 +\d+s\n$/],
      ['logs job/pi', /simulated node sim-\d: it writes no log; the pod's annotation skiff\.dev\/log would tell one\n$/],
      ['apply -f -', 'job.batch/many created', `apiVersion: batch/v1\nkind: Job\nmetadata: {name: many}\nspec: {completions: 9, parallelism: 3, template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}\n`],
      ['wait --for=condition=complete job/many --timeout=40s', 'job.batch/many condition met'],
      ['get job many -o jsonpath={.status.succeeded}', /^9$/],
      ['delete job pi --cascade=background', 'job.batch "pi" deleted'],
      ['delete job many --cascade=foreground', 'job.batch "many" deleted'],
      ['get pods -l job-name=many', 'No resources found in default namespace.'],
      ['apply -f -', /^The Job "wrong" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"\n$/, 'apiVersion: batch/v1\nkind: Job\nmetadata: {name: wrong}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n'],
    ])
  })

  test('a CronJob runs when asked, is suspended and goes on', () => {
    const { story, old } = shell()
    story([
      ['create cronjob tick --image=busybox --schedule="0 3 * * *" -- date', 'cronjob.batch/tick created'],
      ['get cronjob tick', /^NAME +SCHEDULE +(TIMEZONE +)?SUSPEND +ACTIVE +LAST SCHEDULE +AGE\ntick +0 3 \* \* \* +(<none> +)?False +0 +<none> +\d+s\n$/],
      ['create job now --from=cronjob/tick', 'job.batch/now created'],
      ['get job now -o jsonpath={.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name}', /^CronJob\/tick$/],
      ['wait --for=condition=complete job/now --timeout=20s', 'job.batch/now condition met'],
      [`patch cronjob tick -p '{"spec":{"suspend":true}}'`, 'cronjob.batch/tick patched'],
      ['get cronjob tick -o jsonpath={.spec.suspend}', /^true$/],
      [`patch cronjob tick -p '{"spec":{"suspend":false}}'`, 'cronjob.batch/tick patched'],
      ['describe cronjob tick', /^Name: +tick\n[^]*Schedule: +0 3 \* \* \*\nConcurrency Policy: +Allow\nSuspend: +False\n/],
      ['create cronjob wrong --image=busybox --schedule="* * *" -- date', /spec.schedule: Invalid value: "\* \* \*": expected exactly 5 fields, found 3: \[\* \* \*\]\n$/],
      ['delete cronjob tick', 'cronjob.batch "tick" deleted'],
    ])
    if (!old) story([['wait --for=delete job/now --timeout=20s', /^(job.batch\/now condition met\n)?$/]])
  })

  test('a StatefulSet: pods in order, claims that stay', () => {
    shell().story([
      ['apply -f -', 'service/db created\nstatefulset.apps/db created', `apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  ${template('db')}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
`],
      ['rollout status statefulset/db --timeout=60s', /partitioned roll out complete: 3 new pods have been updated|statefulset rolling update complete 3 pods at revision db-/],
      ['get statefulset db', /^NAME +READY +AGE\ndb +3\/3 +\d+s\n$/],
      ['get pods -l app=db -o name', 'pod/db-0\npod/db-1\npod/db-2'],
      ['get pvc', /^NAME +STATUS +VOLUME +CAPACITY +ACCESS MODES +STORAGECLASS +VOLUMEATTRIBUTESCLASS +AGE\n(data-db-\d +Bound +pvc-[0-9a-f-]+ +1Gi +RWO +standard +<unset> +\d+s\n){3}$/],
      ['get pv -o custom-columns=C:.spec.claimRef.name --no-headers --sort-by=.spec.claimRef.name', 'data-db-0\ndata-db-1\ndata-db-2'],
      ['scale statefulset db --replicas=1', 'statefulset.apps/db scaled'],
      ['rollout status sts/db', /./],
      ['set image statefulset/db main=db:2', 'statefulset.apps/db image updated'],
      ['rollout status sts/db --timeout=60s', /./],
      ['rollout history sts/db', /^statefulset.apps\/db \nREVISION {2}CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/],
      ['rollout undo sts/db', 'statefulset.apps/db rolled back'],
      ['rollout status sts/db --timeout=60s', /./],
      ['get pod db-0 -o jsonpath={.spec.containers[0].image}', /^db:1$/],
      [`patch sts db -p '{"spec":{"serviceName":"other"}}'`, /^The StatefulSet "db" is invalid: spec: Forbidden: updates to statefulset spec for fields other than /],
      ['delete pod db-0', 'pod "db-0" deleted'],
      ['wait --for=condition=Ready pod/db-0 --timeout=20s', /condition met|not found/],
      ['delete statefulset db --cascade=orphan', 'statefulset.apps "db" deleted'],
      ['get pods -l app=db -o name', 'pod/db-0'],
      ['delete pod db-0', 'pod "db-0" deleted'],
      ['get pvc -o name', 'persistentvolumeclaim/data-db-0\npersistentvolumeclaim/data-db-1\npersistentvolumeclaim/data-db-2'],
      ['delete pvc --all', 'persistentvolumeclaim "data-db-0" deleted\npersistentvolumeclaim "data-db-1" deleted\npersistentvolumeclaim "data-db-2" deleted'],
    ])
  })

  test('a DaemonSet: one pod a node, also of nodes labelled later', () => {
    const { story, run } = shell()
    story([
      ['apply -f -', 'daemonset.apps/agent created', `apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec: {selector: {matchLabels: {app: agent}}, ${template('agent', ', nodeSelector: {disk: ssd}')}}\n`],
      ['get daemonset agent --no-headers', /^agent +0 +0 +0 +0 +0 +disk=ssd +\d+s\n$/],
      ['label node sim-1 sim-2 disk=ssd', 'node/sim-1 labeled\nnode/sim-2 labeled'],
      ['rollout status ds/agent --timeout=20s', /daemon set "agent" successfully rolled out\n$/],
      ['get nodes -l disk=ssd -o name', 'node/sim-1\nnode/sim-2'],
      ['get nodes -L disk --no-headers', /^sim-1 +Ready +<none> +\w+ +v1\.36\.0 +ssd\nsim-2 +Ready +<none> +\w+ +v1\.36\.0 +ssd\nsim-3 +Ready +<none> +\w+ +v1\.36\.0 *\n$/],
    ])
    assert.deepEqual(run('get pods -l app=agent -o jsonpath={.items[*].spec.nodeName}').split(' ').sort(), ['sim-1', 'sim-2'])
    story([
      ['get pods -l app=agent --field-selector spec.nodeName=sim-2 -o jsonpath={.items[*].spec.nodeName}', /^sim-2$/],
      ['set image ds/agent main=agent:2', 'daemonset.apps/agent image updated'],
      ['rollout status ds/agent --timeout=40s', /successfully rolled out\n$/],
      ['rollout history ds/agent', /^daemonset.apps\/agent \nREVISION {2}CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/],
      ['rollout undo ds/agent', 'daemonset.apps/agent rolled back'],
      ['rollout status ds/agent --timeout=40s', /successfully rolled out\n$/],
      ['rollout restart ds/agent', 'daemonset.apps/agent restarted'],
      ['label node sim-1 disk-', /^node\/sim-1 (un)?labeled\n$/],
      ['rollout status ds/agent --timeout=40s', /successfully rolled out\n$/],
      ['delete daemonset agent', 'daemonset.apps "agent" deleted'],
    ])
  })

  test('nodes: cordoned, tainted and drained', () => {
    const { story } = shell()
    story([
      ['cordon sim-1', 'node/sim-1 cordoned'],
      ['get node sim-1 --no-headers', /^sim-1 +Ready,SchedulingDisabled +<none> +\w+ +v1\.36\.0\n$/],
      ['cordon sim-1', 'node/sim-1 already cordoned'],
      ['get nodes --field-selector spec.unschedulable=true -o name', 'node/sim-1'],
      ['uncordon sim-1', 'node/sim-1 uncordoned'],
      ['taint node sim-1 sim-2 sim-3 k=v:NoSchedule', 'node/sim-1 tainted\nnode/sim-2 tainted\nnode/sim-3 tainted'],
      ['taint node sim-1 k=v:NoSchedule', /already has k taint\(s\) with same effect\(s\) and --overwrite is false/],
      ['taint node sim-1 k=v:Nothing', /invalid taint effect: Nothing, unsupported taint effect/],
      ['run lost --image=lost', 'pod/lost created'],
      ['get pod lost --no-headers', /^lost +0\/1 +Pending +0 +\d+s\n$/],
      ['describe pod lost', /Warning +FailedScheduling +\S+ .*default-scheduler +0\/3 nodes are available: 3 node\(s\) had untolerated taint\(s\)/],
      ['taint node sim-1 sim-2 sim-3 k-', 'node/sim-1 untainted\nnode/sim-2 untainted\nnode/sim-3 untainted'],
      ['wait --for=condition=Ready pod/lost --timeout=20s', 'pod/lost condition met'],
      ['delete pod lost', 'pod "lost" deleted'],
      ['drain sim-2 --ignore-daemonsets --timeout=60s', /^node\/sim-2 cordoned\n(evicting pod default\/\S+\n|pod\/\S+ (evicted|deleted)\n)*node\/sim-2 (drained|evicted|deleted)\n(evicting pod default\/\S+\n)*$/],
      ['get pods --field-selector spec.nodeName=sim-2', 'No resources found in default namespace.'],
      ['uncordon sim-2', 'node/sim-2 uncordoned'],
      ['rollout status deployment/web --timeout=30s', /successfully rolled out\n$/],
    ])
  })

  test('what is owned goes with its owner, or stays when that is asked', () => {
    shell().story([
      ['delete deployment web --cascade=orphan', 'deployment.apps "web" deleted'],
      ['get rs -l app=web --no-headers', /^(web-\S+ +\d+ +\d+ +\d+ +\d+m?\d*s?\n)+$/],
      ['delete rs -l app=web --cascade=foreground', /^(replicaset.apps "web-\S+" deleted\n)+$/],
      ['get pods', 'No resources found in default namespace.'],
      ['get all', /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nservice\/db +ClusterIP +None +<none> +5432\/TCP +\w+\nservice\/kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP +\w+\n$/],
    ])
  })
})
