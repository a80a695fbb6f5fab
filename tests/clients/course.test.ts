// The course documents, where they are: their manifests applied unchanged, their lines typed one after another by a stock kubectl, at the pace at which people watch.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stockKubectl } from '../e2e/playground.ts'
import { TestCluster } from './cluster.ts'
import { type CourseDocument, courseDocuments, typedLines } from './course.ts'

const program = stockKubectl()
const documents = courseDocuments(join(import.meta.dirname, '../../../shared/seeds'))
const skip = documents.length === 0 ? 'the course documents are not here' : program === undefined ? 'no kubectl on PATH, and SKIFF_TEST_KUBECTL names none' : false

test('lines are typed with what belongs to them', () => {
  assert.deepEqual(typedLines('# a remark\nls\n\ncat <<EOF\n it\'s\nEOF\nsh -c "\n  # kept\n  echo \\"\n"\nls -l'), ['ls', 'cat <<EOF\n it\'s\nEOF', 'sh -c "\n  # kept\n  echo \\"\n"', 'ls -l'])
})

/** How long a watch is watched. */
const watchSeconds = 6
const patienceMs = 30_000

const set = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web-stateful}
spec:
  serviceName: web-headless
  replicas: 3
  selector: {matchLabels: {app: web-stateful}}
  template:
    metadata: {labels: {app: web-stateful}}
    spec:
      containers: [{name: web, image: 'example/web:1', volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates:
    - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
`
const scripted = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: my-app}
spec:
  replicas: 2
  selector: {matchLabels: {app: my-app}}
  template:
    metadata: {labels: {app: my-app}}
    spec: {containers: [{name: container, image: 'my-app:v1'}]}
`

const ofKind = ({ manifests }: CourseDocument, kind: string): readonly string[] => manifests.filter((text) => new RegExp(`^kind: ${kind}$`, 'm').test(text))
const joined = (texts: readonly string[]): string => texts.join('\n---\n')

/** What the documents count on: files that they name but do not show, and what a learner fills in. */
interface Lesson { readonly files: (document: CourseDocument) => Readonly<Record<string, string>>; readonly first?: readonly string[]; readonly put: Readonly<Record<string, string>>; readonly named: Readonly<Record<string, string>>; readonly shows: readonly (readonly [line: RegExp, shown: RegExp, code?: number])[] }
const hint = /runs on the simulated node sim-\d: there is no process to exec; the pod's annotation skiff\.dev\/exec\.\w+ would give its answer, a real node has a process/

const lessons: Readonly<Record<string, Lesson>> = {
  '000': {
    files: (document) => ({ 'resources/workload-types/daemonset-examples.yaml': joined(ofKind(document, 'DaemonSet')), 'resources/workload-types/statefulset-patterns.yaml': set }),
    put: { 'node-name': 'sim-2', 'daemonset-app': 'log-collector', 'statefulset-app': 'web-stateful', 'cronjob-name': 'hello-cron', 'pod-name': 'ambassador-demo', 'container-name': 'app' },
    named: { daemonset: 'log-collector', statefulset: 'web-stateful', cronjob: 'hello-cron', job: 'single-job', pod: 'ambassador-demo' },
    shows: [
      [/ get daemonset$/, /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE\nlog-collector +3 +3 +\d +3 +\d +<none> +\d+s\n$/],
      [/ get daemonset -o wide$/, /log-collector .* fluentd +fluentd:v1\.15 +app=log-collector\nproduction-monitor +1 +1 +1 +1 +1 +environment=production /],
      [/ get nodes$/, /^NAME +STATUS +ROLES +AGE +VERSION\n(sim-\d +Ready +<none> +\S+ +v1\.36\.0\n){3}$/],
      [/log-collector --field-selector/, /^NAME .*\nlog-collector-\w+ +.*\n$/],
      [/rollout status daemonset/, /^(Waiting for daemon set "log-collector" rollout to finish: .*\n)+daemon set "log-collector" successfully rolled out\n$/],
      [/prod-monitor -o wide/, /^NAME .*\nproduction-monitor-\w+ .* sim-2 +<none> +<none>\n$/],
      [/get pods -w -l app=web-stateful/, /web-stateful-(?<nth>\d) +0\/1 +Pending .*\n(?:.*\n)*web-stateful-\k<nth> +0\/1 +ContainerCreating .*\n(?:.*\n)*web-stateful-\k<nth> +1\/1 +Running /],
      [/get pods -l app=web-stateful$/, /^NAME .*\nweb-stateful-0 +1\/1 +Running .*\nweb-stateful-1 /],
      [/get pvc/, /^NAME +STATUS +VOLUME .*\ndata-web-stateful-0 +Bound +pvc-\S+ +1Gi +RWO +standard /],
      [/kubectl exec/, hint, 1],
      [/kubectl run test-pod/, /couldn't attach to pod\/test-pod, falling back to streaming logs: pod test-pod runs on the simulated node sim-\d: there is no process to attach; pods on real nodes have one\n(.*\n)*.*it writes no log; the pod's annotation skiff\.dev\/log would tell one\n/, 1],
      [/get job single-job -w/, /single-job +Running +0\/1 +\d+s +\d+s\n/],
      [/logs job\/single-job|logs job\/<name>/, /^Processing data\.\.\.\n/],
      [/get job parallel-job -w/, /parallel-job +Running +0\/9 /],
      [/get pods -l job-name=parallel-job/, /(parallel-job-\w+ +[01]\/1 .*\n){3}/],
      [/get cronjob hello-cron -w|get cronjob hello-cron$|get cronjob$/, /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\n(?:backup-job .*\n)?hello-cron +\*\/1 \* \* \* \* +<none> +(True|False) +\d +\S+ +\S+\n/],
      // Jobs of a CronJob bear the names of their own: the document's selector finds none on any cluster.
      [/get jobs -l job-name=hello-cron$/, /^No resources found in default namespace\.\n$/],
      [/jsonpath=/, /array index out of bounds: index 0, length 0/, 1],
      [/port-forward/, /runs on the simulated node sim-\d: there is no process to forward to; pods on real nodes have one/, 1],
      [/logs (adapter-demo|ambassador-demo) -c/, /runs on the simulated node sim-\d: it writes no log; the pod's annotation skiff\.dev\/log would tell one/, 1],
      [/describe daemonset/, /Pods Status: +3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n[\s\S]*SuccessfulCreate .* daemonset-controller +Created pod: log-collector-/],
      [/describe statefulset/, /Replicas: +5 desired \| 5 total\n[\s\S]*create Pod web-stateful-4 in StatefulSet web-stateful successful\n/],
      [/describe job/, /Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed\n[\s\S]*Completed +\S+ +job-controller +Job completed\n/],
      [/describe pod/, /Status: +Running\n[\s\S]*Scheduled [\s\S]*Pulling image "nginx"[\s\S]*Successfully pulled image "nginx" in [\d.]+m?s \([\d.]+m?s including waiting\)\. Image size: \d+ bytes\.\n/],
    ],
  },
  '001': {
    files: (document) => ({ 'statefulset.yaml': joined([...ofKind(document, 'Service'), ...ofKind(document, 'StatefulSet')]), 'daemonset.yaml': joined(ofKind(document, 'DaemonSet')), 'job.yaml': joined(ofKind(document, 'Job')), 'cronjob.yaml': joined(ofKind(document, 'CronJob')) }),
    first: ['kubectl create secret generic mysql-secret --from-literal=password=x', 'kubectl create namespace logging'],
    put: { 'container>=<image': 'gpu-monitor=gpu-monitor:v2' },
    named: { statefulset: 'mysql', daemonset: 'gpu-monitor', cronjob: 'daily-backup', job: 'backup-db' },
    shows: [
      [/get statefulsets/, /^NAME +READY +AGE\nmysql +\d\/3 /],
      [/kubectl get pods$/, /^NAME .*\nmysql-0 +[01]\/1 /],
      [/describe statefulset/, /Volume Claims:\n +Name: +data\n[\s\S]*SuccessfulCreate/],
      [/get pvc/, /data-mysql-0 +Bound /],
      [/delete statefulset mysql --cascade=orphan|delete job backup-db --cascade=background$/, /NotFound|deleted/],
      [/exec -it mysql-0/, /NotFound|no process to exec/, 1],
      [/get daemonsets/, /gpu-monitor +0 +0 +0 +0 +0 +gpu=true .*\nsystem-monitor +3 +3 /],
      // The document's own DaemonSet of that name lives in another namespace than its lines look in.
      [/(describe|delete) daemonset fluentd|daemonset\/fluentd/, /NotFound/, 1],
      [/get pods -l app=fluentd/, /^No resources found in default namespace\.\n$/],
      [/get jobs$/, /backup-db +(Running|Complete) +[01]\/1 /],
      [/describe job/, /Active Deadline Seconds: +300s\n[\s\S]*Created pod: backup-db-/],
      [/get pods -l job-name=backup-db/, /backup-db-\w+ +0\/1 +(ContainerCreating|Completed) |backup-db-\w+ +1\/1 +Running /],
      [/logs -l job-name=/, /it writes no log; the pod's annotation skiff\.dev\/log would tell one/, 1],
      [/wait --for=condition=complete job\/backup-db/, /NotFound|condition met/],
      [/get cronjobs/, /daily-backup +0 2 \* \* \* +<none> +False +0 +<none> /],
      [/describe cronjob/, /Starting Deadline Seconds: +300s\n/],
      [/-l cronjob=daily-backup/, /^No resources found in default namespace\.\n$/],
    ],
  },
  '003': {
    files: () => ({}), first: ["kubectl apply -f - <<'EOF'" + scripted + 'EOF'], put: {}, named: {},
    shows: [
      // What the document switches was applied before it was typed; nothing of it is there here.
      [/service webapp-service|deployment webapp-blue/, /NotFound/, 1],
      [/kubectl rollout status deployment\/my-app/, /deployment "my-app" successfully rolled out\n$/],
      [/kubectl wait .*app=my-app/, /^(pod\/my-app-\S+ condition met\n)+$/],
      [/kubectl run test-pod/, /there is no process to attach; pods on real nodes have one/, 1],
      [/Current replicas/, /^Current replicas: 5\n$/],
      [/wait .*job\/test-job/, /^job\.batch\/test-job condition met\n$/],
    ],
  },
}

describe('the course documents', { skip }, () => {
  let cluster: TestCluster
  before(async () => { cluster = await TestCluster.start(['--nodes', '3', '--pace', 'natural']) })
  after(() => cluster?.stop())

  for (const document of documents) {
    const lesson = lessons[document.name.slice(0, 3)]
    if (document.lines.length === 0 || lesson === undefined) continue
    test(`${document.lines.length} lines of document ${document.name.slice(0, 3)} print what a cluster prints`, async () => {
      await emptied(cluster)
      const folder = join(cluster.folder, document.name)
      for (const [file, text] of Object.entries(lesson.files(document))) { mkdirSync(dirname(join(folder, file)), { recursive: true }); writeFileSync(join(folder, file), text) }
      mkdirSync(folder, { recursive: true })
      for (const line of lesson.first ?? []) assert.equal(typed(cluster, folder, line).code, 0, line)
      for (const line of document.lines) {
        if (!line.includes('kubectl')) continue
        const filled = filledIn(line, lesson)
        const row = lesson.shows.find(([which]) => which.test(filled))
        const expected: RegExp = row?.[1] ?? /(?:)/
        const code = row?.[2] ?? 0
        const watched = / -w\b/.test(filled)
        // What only looks is typed again until it shows what is expected: a learner waits too.
        const looks = watched || /kubectl (get|describe|logs|exec|top|port-forward)/.test(filled) && !/kubectl create/.test(filled)
        const deadline = Date.now() + patienceMs
        for (;;) {
          const { text, code: ended } = typed(cluster, folder, filled)
          const fits = expected.test(text) && (watched || /NotFound\|/.test(expected.source) || (ended === 0) === (code === 0))
          if (fits) break
          assert.ok(looks && Date.now() < deadline, `$ ${filled}\nended with ${ended} and printed\n${text}\nwhere ${expected.source} was expected`)
          await sleep(300)
        }
      }
    })
  }

  test('every manifest, unchanged, reaches the state that its document tells of', async () => {
    await emptied(cluster)
    const needed = ['secret generic mysql-secret --from-literal=password=x', 'secret generic db-credentials --from-literal=url=x', 'secret generic aws-credentials --from-literal=access-key=x --from-literal=secret-key=x',
      ...['mysql', 'redis-cluster-config', 'db-migrations', 'fluentd-config'].map((name) => `configmap ${name} --from-literal=a=b`)]
    const run = (words: readonly string[], input = ''): { readonly code: number | null; readonly text: string } => { const { code, out, err } = cluster.kubectl(program ?? '', words, { input, timeoutMs: 120_000 }); return { code, text: out + err } }
    const create = (namespace: string, what: string): void => { const { code, text } = run(['-n', namespace, 'create', ...what.split(' ')]); assert.ok(code === 0 || /AlreadyExists/.test(text), text) }
    assert.equal(run(['apply', '-f', '-'], 'apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: ebs-gp3}\nprovisioner: skiff.dev/local\nvolumeBindingMode: WaitForFirstConsumer\n').code, 0)
    for (const name of ['logging', 'monitoring']) create('default', `namespace ${name}`)
    for (const what of needed) create('kube-system', what)
    let applied = 0
    for (const document of documents) {
      for (const [nth, manifest] of document.manifests.entries()) {
        const namespace = `course-${document.name.slice(0, 3)}-${nth}`
        create('default', `namespace ${namespace}`)
        for (const what of needed) create(namespace, what)
        const { code, text } = run(['-n', /^ {2}namespace: (\S+)/m.exec(manifest)?.[1] ?? namespace, 'apply', '-f', '-'], manifest)
        // Two of the documents' own: a part of an object, and kinds of a mesh that nobody has installed.
        if (/apiVersion not set|no matches for kind "(VirtualService|DestinationRule)"/.test(text)) continue
        assert.equal(code, 0, `${namespace}: ${text}`)
        applied++
      }
    }
    assert.ok(applied > 20, `${applied} manifests`)
    // What comes up one after another, with probes that wait, takes minutes: they are given.
    assert.equal(cluster.skiff(['time', 'advance', '5m', '--grace', '5', '--data-dir', cluster.dataDir]).code, 0)
    const listed = (kind: string): readonly (readonly [string, string])[] => run(['get', kind, '-A', '--no-headers', '-o', 'custom-columns=N:.metadata.namespace,M:.metadata.name']).text.split('\n').filter((line) => line.startsWith('course-') || /^(logging|monitoring)/.test(line)).map((line) => { const [namespace = '', name = ''] = line.split(/ +/); return [namespace, name] as const })
    for (const kind of ['deployments', 'statefulsets', 'daemonsets']) {
      for (const [namespace, name] of listed(kind)) assert.match(run(['-n', namespace, 'rollout', 'status', `${kind}/${name}`, '--timeout=90s']).text, /successfully rolled out|rolling update complete|roll out complete/, `${kind} ${namespace}/${name}`)
    }
    for (const [namespace, name] of listed('cronjobs')) {
      // Of the volume that a backup goes to the document shows nothing: its pods wait for it.
      const { text } = run(['-n', namespace, 'create', 'job', `--from=cronjob/${name}`, 'by-hand'])
      assert.match(text, /^job\.batch\/by-hand created\n/)
    }
    assert.equal(cluster.skiff(['time', 'advance', '1m', '--grace', '5', '--data-dir', cluster.dataDir]).code, 0)
    for (const [namespace, name] of listed('jobs')) {
      if (run(['-n', namespace, 'get', 'job', name, '-o', 'jsonpath={.spec.template.spec.volumes[*].persistentVolumeClaim.claimName}']).text !== '') continue
      assert.match(run(['-n', namespace, 'wait', '--for=condition=complete', `job/${name}`, '--timeout=90s']).text, /condition met/, `job ${namespace}/${name}`)
    }
  })
})

function filledIn(line: string, { put, named }: Lesson): string {
  let filled = line.replace(/ &$/, '')
  for (const [name, value] of Object.entries(put)) filled = filled.replaceAll(`<${name}>`, value)
  // The kind stands last before the name; a name that is made up takes it from there too.
  return filled.replaceAll(/<(?:name|n)>/g, (_place, at: number, whole: string) => named[whole.slice(0, at).match(/daemonset|statefulset|cronjob|job|pod/g)?.at(-1) ?? ''] ?? '')
}

/** A line typed into a shell in a folder; a watch is ended after some seconds. What a shell would write to the root's folders stays in this one. */
function typed(cluster: TestCluster, folder: string, line: string): { readonly code: number | null; readonly text: string } {
  const watched = / -w\b/.test(line)
  const { status, stdout, stderr } = spawnSync('bash', ['-c', (watched ? `timeout ${watchSeconds} ${line}` : line).replaceAll('> /data/', '> ./')], {
    cwd: folder, encoding: 'utf8', input: '', timeout: 120_000, env: { ...process.env, HOME: cluster.folder, KUBECONFIG: join(cluster.dataDir, 'kubeconfig'), TZ: 'UTC', PATH: `${dirname(program ?? '')}:${process.env['PATH'] ?? ''}` },
  })
  return { code: status, text: `${stdout}${stderr}` }
}

/** Takes away what a document has left. */
async function emptied(cluster: TestCluster): Promise<void> {
  cluster.kubectl(program ?? '', ['delete', 'deploy,sts,ds,job,cronjob,pod,pvc', '--all', '--wait=false', '--grace-period=1'])
  const deadline = Date.now() + patienceMs
  while (!/No resources found/.test(cluster.kubectl(program ?? '', ['get', 'pods,pvc']).err) && Date.now() < deadline) await sleep(200)
}
