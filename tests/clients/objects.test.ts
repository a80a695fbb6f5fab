// Objects made, changed and removed by stock kubectls, in every way they know.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { withEveryKubectl } from './kubectl.ts'

const settings = (colour: string, name = 'settings'): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, labels: {app: a}}
data: {colour: ${colour}, size: "1"}
`

withEveryKubectl('objects', (shell) => {
  test('apply creates, leaves alone, configures and shows differences', () => {
    const { story } = shell()
    story([
      ['apply -f -', 'configmap/settings created', settings('red')],
      ['apply -f -', 'configmap/settings unchanged', settings('red')],
      ['apply --dry-run=server -f -', 'configmap/settings configured (server dry run)', settings('blue')],
      ['apply --dry-run=client -f -', 'configmap/settings configured (dry run)', settings('blue')],
      ['get cm settings -o jsonpath={.data.colour}', /^red$/],
      ['diff -f -', /^diff -u -N [^]*\n apiVersion: v1\n data:\n-  colour: red\n\+  colour: blue\n   size: "1"\n kind: ConfigMap\n metadata:\n/, settings('blue')],
      ['apply -f -', 'configmap/settings configured', settings('blue')],
      ['diff -f -', '', settings('blue')],
      ['apply view-last-applied cm/settings -o json', /"colour": "blue"/],
      ['create -f -', 'Error from server (AlreadyExists): error when creating "STDIN": configmaps "settings" already exists', settings('blue')],
      ['create -f -', 'configmap/second created', settings('green', 'second')],
      ['apply -f -', /^configmap\/second configured\nWarning: .*missing the kubectl.kubernetes.io\/last-applied-configuration annotation/, settings('green', 'second')],
    ])
  })

  test('server-side apply shares fields, refuses conflicts and takes them over when forced', () => {
    shell().story([
      ['apply --server-side -f -', 'configmap/shared serverside-applied', settings('red', 'shared')],
      ['apply --server-side --field-manager=other -f -', 'configmap/shared serverside-applied', settings('red', 'shared')],
      ['apply --server-side -f - --dry-run=server', /conflict with "other": .data.colour/, settings('blue', 'shared')],
    ])
    assert.match(shell().refused('apply --server-side --field-manager=third -f -', { input: settings('blue', 'shared') }),
      /^error: Apply failed with 2 conflicts: conflicts with "kubectl":\n- .data.colour\nconflicts with "other":\n- .data.colour\nPlease review the fields above--they currently have other managers./)
    shell().story([
      ['apply --server-side --force-conflicts --field-manager=third -f -', 'configmap/shared serverside-applied', settings('blue', 'shared')],
      ['get cm shared -o jsonpath={.data.colour}', /^blue$/],
      ['delete cm shared', 'configmap "shared" deleted'],
    ])
  })

  test('edit, replace and the three patches', () => {
    const { run, refused, story, old } = shell()
    assert.equal(run('edit cm/settings', { editor: 'sed -i s/blue/pink/' }), 'configmap/settings edited\n')
    assert.equal(run('edit cm/settings', { editor: 'sed -i s/nothing/pink/' }), 'Edit cancelled, no changes made.\n')
    assert.match(refused('edit cm/settings', { editor: 'sed -i s/pink/[/' }), /Edit cancelled, no valid changes were saved/)
    story([
      ['replace -f -', 'configmap/settings replaced', settings('red')],
      ['replace --force -f -', 'configmap "settings" deleted\nconfigmap/settings replaced', settings('red')],
      ['replace -f -', 'Error from server (NotFound): error when replacing "STDIN": configmaps "absent" not found', settings('red', 'absent')],
      [`patch cm settings -p '{"data":{"a":"1"}}'`, 'configmap/settings patched'],
      [`patch cm settings -p '{"data":{"a":"1"}}'`, 'configmap/settings patched (no change)'],
      [`patch cm settings --type merge -p '{"data":{"a":null}}'`, 'configmap/settings patched'],
      [`patch cm settings --type json -p '[{"op":"add","path":"/data/x","value":"y"}]'`, 'configmap/settings patched'],
      [`patch cm settings --type json -p '[{"op":"remove","path":"/data/absent"}]'`, old ? 'The request is invalid' : 'The request is invalid: the server rejected our request due to an error in our request'],
      [`patch cm settings -p '{"data":5}'`, /Error from server|is invalid/],
      [`patch cm absent -p '{"data":{}}'`, 'Error from server (NotFound): configmaps "absent" not found'],
      ['get cm settings -o jsonpath={.data}', /^{"colour":"red","size":"1","x":"y"}$/],
    ])
  })

  test('labels and annotations', () => {
    const { story, old } = shell()
    story([
      ['label cm settings tier=web', 'configmap/settings labeled'],
      ['label cm settings tier=web --overwrite', 'configmap/settings not labeled'],
      ['label cm settings tier=db', "error: 'tier' already has a value (web), and --overwrite is false"],
      ['label cm settings tier=db --overwrite', 'configmap/settings labeled'],
      ['label cm settings --list', /^(app=a\ntier=db|tier=db\napp=a)\n$/],
      ['label cm settings tier-', old ? 'configmap/settings labeled' : 'configmap/settings unlabeled'],
      ['label cm settings "bad key=x"', /^The ConfigMap "settings" is invalid: metadata.labels: Invalid value: "bad key": name part must consist of alphanumeric characters/],
      ['label cm -l app=a shelf=low', 'configmap/second labeled\nconfigmap/settings labeled'],
      ['annotate cm settings note="hello world"', 'configmap/settings annotated'],
      ['get cm settings -o jsonpath={.metadata.annotations.note}', /^hello world$/],
      ['annotate cm settings note-', 'configmap/settings annotated'],
      ['get cm settings -o jsonpath={.metadata.annotations.note}', ''],
    ])
  })

  test('get prints names, columns, paths, templates and selections', () => {
    shell().story([
      ['get cm -o name', 'configmap/kube-root-ca.crt\nconfigmap/second\nconfigmap/settings'],
      ['get cm -o custom-columns=N:.metadata.name,C:.data.colour', 'N                  C\nkube-root-ca.crt   <none>\nsecond             green\nsettings           red'],
      ['get cm -l app=a --show-labels', /^NAME +DATA +AGE +LABELS\nsecond +2 +\d+s +app=a,shelf=low\nsettings +3 +\d+s +app=a,shelf=low\n$/],
      ['get cm -l app=a -L shelf --no-headers', /^second +2 +\d+s +low\nsettings +3 +\d+s +low\n$/],
      ["get cm -l 'app in (b)'", 'No resources found in default namespace.'],
      ["get cm -l 'app notin (a)' -o name", 'configmap/kube-root-ca.crt'],
      ["get cm -l 'app,shelf!=high' -o name", 'configmap/second\nconfigmap/settings'],
      ["get cm -l 'app in ('", `Error from server (BadRequest): Unable to find "/v1, Resource=configmaps" that match label selector "app in (", field selector "": unable to parse requirement: found '', expected: ',', ')' or identifier`],
      ['get cm --field-selector metadata.name!=second -o name', 'configmap/kube-root-ca.crt\nconfigmap/settings'],
      ['get cm --field-selector data.x=second', 'Error from server (BadRequest): Unable to find "/v1, Resource=configmaps" that match label selector "", field selector "data.x=second": "data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'],
      ['get cm -l app=a --sort-by=.data.colour -o name', 'configmap/second\nconfigmap/settings'],
      ['get cm -l app=a --sort-by=.data.x --no-headers', /^(second|settings) /],
      ['get cm --chunk-size=1 -o name', 'configmap/kube-root-ca.crt\nconfigmap/second\nconfigmap/settings'],
      ['get cm --chunk-size=2 --no-headers', /^kube-root-ca.crt .*\nsecond .*\nsettings .*\n$/],
      ['get cm settings absent second -o name', 'configmap/settings\nconfigmap/second\nError from server (NotFound): configmaps "absent" not found'],
      ['get cm absent --ignore-not-found', ''],
      ['get absent', `error: the server doesn't have a resource type "absent"`],
      ['get cm settings -o jsonpath={.data.nothing}', ''],
      [`get cm settings -o go-template='{{.data.colour}}'`, /^red$/],
      ['get cm,sa -o name', 'configmap/kube-root-ca.crt\nconfigmap/second\nconfigmap/settings\nserviceaccount/default'],
      ['get cm/settings sa/default -o name', 'configmap/settings\nserviceaccount/default'],
      ['get cm -A -l app=a --no-headers', /^default +second +2 +\d+s\ndefault +settings +3 +\d+s\n$/],
    ])
    const asJson = JSON.parse(shell().run('get cm -l app=a -o json')) as { kind: string; apiVersion: string; items: { kind: string; apiVersion: string; metadata: { name: string } }[] }
    assert.deepEqual([asJson.kind, asJson.apiVersion, asJson.items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name])], ['List', 'v1', [['ConfigMap', 'v1', 'second'], ['ConfigMap', 'v1', 'settings']]])
    assert.match(shell().run('get cm settings -o yaml'), /^apiVersion: v1\ndata:\n {2}colour: red\n {2}size: "1"\n {2}x: "y"\nkind: ConfigMap\nmetadata:\n/)
  })

  test('namespaces, accounts, roles and who may do what', () => {
    const { story, old } = shell()
    const robot = '--as=system:serviceaccount:team:robot'
    story([
      ['create namespace team', 'namespace/team created'],
      ['create ns team', 'Error from server (AlreadyExists): namespaces "team" already exists'],
      ['create ns Bad_Name', `The Namespace "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`],
      ['create secret generic door --from-literal=key=open -n team', 'secret/door created'],
      ['get secret door -n team --no-headers', /^door +Opaque +1 +\d+s\n$/],
      ['get secret door -n team -o jsonpath={.data.key}', /^b3Blbg==$/],
      ['create serviceaccount robot -n team', 'serviceaccount/robot created'],
      ['create role reader --verb=get,list --resource=pods -n team', 'role.rbac.authorization.k8s.io/reader created'],
      ['create rolebinding reader --role=reader --serviceaccount=team:robot -n team', 'rolebinding.rbac.authorization.k8s.io/reader created'],
      [`auth can-i list pods -n team ${robot}`, 'yes'],
      [`auth can-i delete pods -n team ${robot}`, 'no'],
      [`auth can-i list pods -n default ${robot}`, 'no'],
      [`auth can-i --list -n team ${robot}`, /\npods +\[\] +\[\] +\[get list\]\n/],
      [`get pods -n team ${robot}`, 'No resources found in team namespace.'],
      [`get secrets -n team ${robot}`, 'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:team:robot" cannot list resource "secrets" in API group "" in the namespace "team"'],
      [`get secret door -n team ${robot}`, 'Error from server (Forbidden): secrets "door" is forbidden: User "system:serviceaccount:team:robot" cannot get resource "secrets" in API group "" in the namespace "team"'],
      ['get nodes --as=nobody', 'Error from server (Forbidden): nodes is forbidden: User "nobody" cannot list resource "nodes" in API group "" at the cluster scope'],
      ['auth whoami', old ? /unknown command "whoami"/ : /^ATTRIBUTE +VALUE\nUsername +skiff-admin\nGroups +\[system:masters system:authenticated\]\n/],
      ['create token robot -n team --duration=10m', old ? /unknown flag/ : /^[\w-]+\.[\w-]+\.[\w-]+\n?$/],
      ['describe role reader -n team', 'Name:         reader\nLabels:       <none>\nAnnotations:  <none>\nPolicyRule:\n  Resources  Non-Resource URLs  Resource Names  Verbs\n  ---------  -----------------  --------------  -----\n  pods       []                 []              [get list]'],
      ['describe rolebinding reader -n team', 'Name:         reader\nLabels:       <none>\nAnnotations:  <none>\nRole:\n  Kind:  Role\n  Name:  reader\nSubjects:\n  Kind            Name   Namespace\n  ----            ----   ---------\n  ServiceAccount  robot  team'],
      ['delete ns team', 'namespace "team" deleted'],
      ['get ns team', 'Error from server (NotFound): namespaces "team" not found'],
      ['get secrets -n team', 'No resources found in team namespace.'],
      ['create cm late -n team', /^[Ee]rror.*: namespaces "team" not found\n$/],
    ])
  })

  test('delete says what went, what was not there, and what a dry run would have done', () => {
    const { story, old } = shell()
    story([
      ['delete cm settings --dry-run=server', old ? 'configmap "settings" deleted (server dry run)' : 'configmap "settings" deleted (server dry run)'],
      ['delete cm settings second', 'configmap "settings" deleted\nconfigmap "second" deleted'],
      ['delete cm settings', 'Error from server (NotFound): configmaps "settings" not found'],
      ['delete cm settings --ignore-not-found', ''],
      ['delete cm -l app=a', 'No resources found'],
      ['delete ns default', 'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted'],
    ])
  })

  test('manifests of another client version, of lists, and with mistakes', () => {
    const { story, run, old, cluster } = shell()
    story([
      ['apply -f -', 'configmap/one created\nconfigmap/two created', `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: two}}\n`],
      ['delete -f -', 'configmap "one" deleted\nconfigmap "two" deleted', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n`],
      ['apply -f -', /unable to recognize "STDIN": no matches for kind "Boat" in version "v1"|no matches for kind "Boat" in version "v1"\nensure CRDs are installed first/, 'apiVersion: v1\nkind: Boat\nmetadata: {name: one}\n'],
      ['apply -f -', /error (converting|parsing).*YAML/, 'apiVersion: v1\nkind: [ConfigMap\n'],
      ['apply -f -', old ? /error validating data: ValidationError\(Deployment.spec\): unknown field "replicaz" in io.k8s.api.apps.v1.DeploymentSpec/ : /Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replicaz"/,
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicaz: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: a}]}}}\n'],
      ['create -f - --validate=false', /^pod\/loose created\n(Warning: unknown field "spec.colour"\n)?$/, 'apiVersion: v1\nkind: Pod\nmetadata: {name: loose}\nspec: {colour: red, containers: [{name: a, image: a}]}\n'],
      ['apply -f -', /^The Deployment "web" is invalid: \n?(\* )?spec.template.metadata.labels: Invalid value: .*`selector` does not match template `labels`\n$/,
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: other}}, spec: {containers: [{name: a, image: a}]}}}\n'],
      ['apply -f -', /^The Pod "none" is invalid: spec.containers: Required value\n$/, 'apiVersion: v1\nkind: Pod\nmetadata: {name: none}\nspec: {containers: []}\n'],
      ['apply -f absent.yaml', /the path "absent.yaml" does not exist/],
    ])
    run('delete pod loose --now')
    assert.ok(existsSync(cluster.dataDir))
  })
})
