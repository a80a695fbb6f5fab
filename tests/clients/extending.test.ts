// Kinds of one's own, certificates, tokens, and the kinds that govern others, by stock kubectls.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificateRequest } from '../conformance/stories/certificates.ts'
import { boatDefinition } from './boats.ts'
import { withEveryKubectl } from './kubectl.ts'

const boat = (name: string, crew: number, more = ''): string => `apiVersion: sea.example.com/v1\nkind: Boat\nmetadata: {name: ${name}}\nspec: {crew: ${crew}${more}}\n`

withEveryKubectl('extending', (shell) => {
  test('a kind is defined, found, explained, and its objects live as others do', () => {
    const { story, refused, old } = shell()
    story([
      ['get boats', `error: the server doesn't have a resource type "boats"`],
      ['apply -f -', 'customresourcedefinition.apiextensions.k8s.io/boats.sea.example.com created', boatDefinition],
      ['wait --for=condition=established --timeout=10s crd/boats.sea.example.com', 'customresourcedefinition.apiextensions.k8s.io/boats.sea.example.com condition met'],
      ['get crd', /^NAME +CREATED AT\nboats.sea.example.com +\S+\n$/],
      ['api-resources --api-group=sea.example.com --no-headers', /^boats +bt +sea.example.com\/v1 +true +Boat\n$/],
      ['apply -f -', 'boat.sea.example.com/dinghy created', boat('dinghy', 2)],
      ['apply -f -', 'boat.sea.example.com/dinghy unchanged', boat('dinghy', 2)],
      ['diff -f -', /\n- {2}crew: 2\n\+ {2}crew: 3\n/, boat('dinghy', 3)],
      ['apply -f -', 'boat.sea.example.com/dinghy configured', boat('dinghy', 3)],
      ['get bt', /^NAME +CREW +READY\ndinghy +3 *(<none>)? *\n$/],
      ['get boat dinghy -o jsonpath={.spec}', /^\{"crew":3,"image":"sailor:1"\}$/],
      ['get all', /^NAME +TYPE[^]*\nboat.sea.example.com\/dinghy +3/],
      ['explain boat', old ? /^KIND: +Boat\nVERSION: +sea.example.com\/v1\n\nDESCRIPTION:\n +A boat and who sails it\n/ : /^GROUP: +sea.example.com\nKIND: +Boat\nVERSION: +v1\n\nDESCRIPTION:\n +A boat and who sails it\n/],
      ['explain boat.spec.crew', /How many sail/],
      ['label boat dinghy sails=white', 'boat.sea.example.com/dinghy labeled'],
      ['get boats -l sails=white -o name', 'boat.sea.example.com/dinghy'],
      [`patch boat dinghy --type=merge -p '{"spec":{"crew":4}}'`, 'boat.sea.example.com/dinghy patched'],
      [`patch boat dinghy -p '{"spec":{"crew":4}}'`, /strategic merge patch is not supported|UnsupportedMediaType|415|unknown format/i],
      ['scale boat/dinghy --replicas=5', 'boat.sea.example.com/dinghy scaled'],
      ['apply --server-side --field-manager=harbour --force-conflicts -f -', 'boat.sea.example.com/dinghy serverside-applied', boat('dinghy', 6)],
      ['describe boat dinghy', /^Name: +dinghy\nNamespace: +default\nLabels: +sails=white\n[^]*Kind: +Boat\n[^]*Spec:\n +Crew: +6\n +Image: +sailor:1\n/],
    ])
    assert.match(refused('apply -f -', { input: boat('crowded', 51) }), /The Boat "crowded" is invalid: spec.crew: Invalid value: 51: spec.crew in body should be less than or equal to 50/)
    assert.match(refused('apply -f -', { input: boat('cursed', 13) }), /The Boat "cursed" is invalid: spec: Invalid value: .*nobody sails with thirteen/)
    assert.match(refused('apply -f -', { input: boat('odd', 2, ', sails: 3') }), old ? /unknown field "sails" in com.example.sea.v1.Boat.spec/ : /strict decoding error: unknown field "spec.sails"/)
    assert.match(refused('get boat absent'), /^Error from server \(NotFound\): boats.sea.example.com "absent" not found\n$/)
    if (!old) {
      story([
        [`patch boat dinghy --subresource=status --type=merge -p '{"status":{"onBoard":6,"conditions":[{"type":"Ready","status":"True"}]}}'`, 'boat.sea.example.com/dinghy patched'],
        ['wait --for=condition=Ready --timeout=5s boat/dinghy', 'boat.sea.example.com/dinghy condition met'],
        ['wait --for=jsonpath={.status.onBoard}=6 --timeout=5s boat/dinghy', 'boat.sea.example.com/dinghy condition met'],
        ['get bt', /^NAME +CREW +READY\ndinghy +6 +True\n$/],
      ])
    }
    story([
      ['auth can-i delete boats', 'yes'], ['auth can-i delete boats --as=eve', /^no/],
      ['create clusterrole sailor --verb=get,list --resource=boats.sea.example.com', 'clusterrole.rbac.authorization.k8s.io/sailor created'],
      ['create rolebinding eve --clusterrole=sailor --user=eve', 'rolebinding.rbac.authorization.k8s.io/eve created'],
      ['get boats --as=eve -o name', 'boat.sea.example.com/dinghy'],
      ['delete boats --all', old ? 'boat.sea.example.com "dinghy" deleted' : /^boat.sea.example.com "dinghy" deleted( from default namespace)?\n$/],
      ['delete crd boats.sea.example.com', 'customresourcedefinition.apiextensions.k8s.io "boats.sea.example.com" deleted'],
    ])
  })

  test('a certificate is asked for, approved and issued; another one is denied', async () => {
    const { story, run, old } = shell()
    const ask = async (name: string): Promise<string> => `apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: ${name}}\nspec: {request: ${(await certificateRequest('ann')).toString('base64')}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}\n`
    story([
      ['apply -f -', 'certificatesigningrequest.certificates.k8s.io/ann created', await ask('ann')],
      ['apply -f -', 'certificatesigningrequest.certificates.k8s.io/eve created', await ask('eve')],
      ['get csr ann', /^NAME +AGE +SIGNERNAME +REQUESTOR +(REQUESTEDDURATION +)?CONDITION\nann +\w+ +kubernetes.io\/kube-apiserver-client +skiff-admin +(<none> +)?Pending\n$/],
      ['certificate approve ann', 'certificatesigningrequest.certificates.k8s.io/ann approved'],
      ['certificate deny eve', 'certificatesigningrequest.certificates.k8s.io/eve denied'],
      ['get csr eve --no-headers', /Denied\n$/],
    ])
    if (!old) story([['wait --for=jsonpath={.status.certificate} --timeout=10s csr/ann', 'certificatesigningrequest.certificates.k8s.io/ann condition met']])
    assert.match(Buffer.from(run('get csr ann -o jsonpath={.status.certificate}'), 'base64').toString(), /^-----BEGIN CERTIFICATE-----/)
    story([['get csr ann --no-headers', /Approved,Issued\n$/], ['describe csr ann', /Subject:\n +Common Name: +ann\n/], ['delete csr ann eve', /deleted/]])
  })

  test('a token for an account signs in as it', () => {
    const { story, run, old, cluster } = shell()
    story([['create serviceaccount bot', 'serviceaccount/bot created'], ['auth can-i list pods --as=system:serviceaccount:default:bot', /^no/]])
    if (old) return
    const token = run('create token bot --duration=10m').trim()
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
    const program = process.env['SKIFF_TEST_KUBECTL'] ?? 'kubectl'
    const nobody = `--kubeconfig=/dev/null --server=https://127.0.0.1:${cluster.port} --insecure-skip-tls-verify --token=${token}`.split(' ')
    assert.match(cluster.kubectl(program, [...nobody, 'auth', 'whoami']).out, /Username +system:serviceaccount:default:bot\n/)
    assert.match(cluster.kubectl(program, [...nobody, 'get', 'pods']).err, /User "system:serviceaccount:default:bot" cannot list resource "pods"/)
  })

  test('a Secret is filled with a lasting token for its account, which signs in until the Secret goes', () => {
    const { story, run, eventually, old, cluster } = shell()
    const asking = 'apiVersion: v1\nkind: Secret\nmetadata: {name: lasting, annotations: {kubernetes.io/service-account.name: lasting}}\ntype: kubernetes.io/service-account-token\n'
    story([['create serviceaccount lasting', 'serviceaccount/lasting created'], ['apply -f -', 'secret/lasting created', asking]])
    const token = Buffer.from(eventually('get secret lasting -o jsonpath={.data.token}', /./), 'base64').toString()
    assert.match(Buffer.from(run('get secret lasting -o jsonpath={.data.ca\\.crt}'), 'base64').toString(), /^-----BEGIN CERTIFICATE-----/)
    const program = process.env['SKIFF_TEST_KUBECTL'] ?? 'kubectl'
    const asIt = ['--kubeconfig=/dev/null', `--server=https://127.0.0.1:${cluster.port}`, '--insecure-skip-tls-verify', `--token=${token}`, 'get', 'pods']
    if (!old) assert.match(cluster.kubectl(program, asIt).err, /User "system:serviceaccount:default:lasting" cannot list resource "pods"/)
    story([['delete secret lasting', 'secret "lasting" deleted']])
    if (!old) assert.match(cluster.kubectl(program, asIt).err, /must be logged in|Unauthorized/)
  })

  test('quotas, ranges, budgets, autoscalers, routes and policies are made and shown', () => {
    const { story, old } = shell()
    story([
      ['create namespace small', 'namespace/small created'],
      ['-n small create quota few --hard=pods=1,configmaps=2', 'resourcequota/few created'],
      ['-n small describe quota few', /^Name: +few\nNamespace: +small\nResource +Used +Hard\n-+ +-+ +-+\nconfigmaps +1 +2\npods +0 +1\n$/],
      ['-n small create configmap one', 'configmap/one created'],
      ['-n small create configmap two', /^(error: failed to create configmap: |Error from server \(Forbidden\): )configmaps "two" is forbidden: exceeded quota: few, requested: configmaps=1, used: configmaps=2, limited: configmaps=2\n$/],
      ['-n small apply -f -', 'limitrange/range created', 'apiVersion: v1\nkind: LimitRange\nmetadata: {name: range}\nspec: {limits: [{type: Container, default: {cpu: 200m}, defaultRequest: {cpu: 100m}, max: {cpu: "1"}}]}\n'],
      ['-n small describe limits range', /^Name: +range\nNamespace: +small\nType +Resource +Min +Max +Default Request +Default Limit +Max Limit\/Request Ratio\n-+[^]*\nContainer +cpu +- +1 +100m +200m +-\n$/],
      ['-n small run a --image=a', 'pod/a created'],
      ['-n small get pod a -o jsonpath={.spec.containers[0].resources}', /^\{"limits":\{"cpu":"200m"\},"requests":\{"cpu":"100m"\}\}$/],
      ['-n small run b --image=b', /pods "b" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1\n$/],
      ...(old ? [] : [['create poddisruptionbudget web --selector=app=web --min-available=1', 'poddisruptionbudget.policy/web created'], ['get pdb', /^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE\nweb +1 +N\/A +0 +\w+\n$/]] as const),
      ['create deployment web --image=web:1', 'deployment.apps/web created'],
      ['autoscale deployment web --min=1 --max=3 --cpu-percent=50', 'horizontalpodautoscaler.autoscaling/web autoscaled'],
      ['get hpa --no-headers', /^web +Deployment\/web +(cpu: )?<unknown>\/50% +1 +3 +\d +\w+\n$/],
      ['create ingress web --class=nginx --rule=web.example.com/*=web:80', old ? 'ingress.networking.k8s.io/web created' : 'ingress.networking.k8s.io/web created'],
      ['get ingress', /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\nweb +nginx +web.example.com +80 +\w+\n$/],
      ['describe ingress web', /Rules:\n +Host +Path +Backends\n +-+ +-+ +-+\n +web.example.com +\n +\/ +web:80 \(<error: .*(services|endpoints) "web" not found>?\)?/],
      ['apply -f -', 'networkpolicy.networking.k8s.io/web created', 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\nspec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}\n'],
      ['get netpol', /^NAME +POD-SELECTOR +AGE\nweb +app=web +\w+\n$/],
      ['create priorityclass high --value=1000', 'priorityclass.scheduling.k8s.io/high created'],
      ['get flowschemas exempt --no-headers', /^exempt +exempt +1 +<none> +\w+ +False\n$/],
      ['get apiservices v1.apps --no-headers', /^v1.apps +Local +True +\w+\n$/],
      ['top nodes', /^NAME +CPU\(cores\) +(CPU\(%\)|CPU%) +MEMORY\(bytes\) +(MEMORY\(%\)|MEMORY%) *\n(sim-\d +\d+m +\d+% +\d+Mi +\d+% *\n)+$/],
      ['delete namespace small', 'namespace "small" deleted'],
    ])
  })

  test('a policy refuses what its expression says', () => {
    const { story, old } = shell()
    if (old) return
    story([
      ['apply -f -', /created\n[^]*created\n/, `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]}
  validations: [{expression: 'object.spec.replicas <= 5', message: five at most}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few}
spec: {policyName: few, validationActions: [Deny]}
`],
      ['create deployment many --image=a --replicas=6', `error: failed to create deployment: deployments.apps "many" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few' denied request: five at most`],
      ['create deployment few --image=a --replicas=5', 'deployment.apps/few created'],
      ['delete validatingadmissionpolicy,validatingadmissionpolicybinding few', /deleted\n[^]*deleted\n/],
    ])
  })
})
