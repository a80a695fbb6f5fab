import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind } from '../kind.ts'
import { isRefusal } from '../refusal.ts'
import { apiVersionOf, type Draft, type Resource } from '../resource.ts'
import { examples } from './examples.ts'
import { builtinKinds, problemText, sameMeaning } from './index.ts'
import { circumstances } from './testing.ts'

const { now } = circumstances

/** A draft as the server would store it: filled, converted, prepared. */
function stored(kind: Kind<Resource>, draft: Draft): Resource {
  const [hub] = kind.served
  assert.ok(hub)
  const metadata = { ...draft.metadata, uid: 'u-1', creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '7' }
  const filled = hub.fill({ ...draft, metadata }) as unknown as Resource
  const prepared = kind.prepare?.(filled, undefined, circumstances) ?? filled
  assert.ok(!isRefusal(prepared), kind.kind)
  return prepared
}
const exampleOf = (kind: Kind<Resource>): Draft => {
  const draft = examples[kind.resource]
  assert.ok(draft, `an example of ${kind.resource}`)
  return draft
}

test('every kind has its own names', () => {
  for (const names of [(kind: Kind<Resource>) => kind.resource, (kind: Kind<Resource>) => kind.kind, (kind: Kind<Resource>) => `${kind.group}/${kind.plural}`, (kind: Kind<Resource>) => kind.singular]) {
    const all = builtinKinds.map(names)
    assert.deepEqual(all, [...new Set(all)])
  }
  const short = builtinKinds.flatMap((kind) => kind.shortNames)
  assert.deepEqual(short, [...new Set(short)])
})

test('the hub is what is served first, and needs no conversion', () => {
  for (const kind of builtinKinds) {
    const [hub] = kind.served
    assert.deepEqual([hub?.group, hub?.version, hub?.convert], [kind.group, kind.version, undefined], kind.resource)
  }
})

test('filling in defaults twice is filling them in once', () => {
  for (const kind of builtinKinds) {
    for (const served of kind.served) {
      const bare: Draft = { apiVersion: apiVersionOf(served), kind: kind.kind, metadata: { name: 'x' } }
      const drafts = served === kind.served[0] ? [bare, exampleOf(kind)] : [bare]
      for (const draft of drafts) {
        const once = served.fill(draft)
        assert.deepEqual(served.fill(once), once, `${kind.kind} ${served.version}`)
      }
    }
  }
})

test('a valid draft, filled and prepared, has no problem; nor has the same object written again', () => {
  for (const kind of builtinKinds) {
    const object = stored(kind, exampleOf(kind))
    assert.deepEqual(kind.check(object, undefined).map(problemText), [], kind.kind)
    assert.deepEqual(kind.check(object, object).map(problemText), [], `${kind.kind}, again`)
    const again = kind.prepare?.(object, object, circumstances) ?? object
    assert.ok(!isRefusal(again))
    assert.ok(sameMeaning(again, object), `${kind.kind}, prepared again`)
  }
})

test('an object without a name is refused, and nothing throws on a draft that says nothing', () => {
  for (const kind of builtinKinds) {
    const object = stored(kind, { apiVersion: 'v1', kind: kind.kind, metadata: { name: '' } })
    const problems = kind.check(object, undefined).map(problemText)
    assert.ok(problems.includes('metadata.name: Required value: name or generateName is required'), `${kind.kind}: ${problems}`)
  }
})

test('every column shows something of a full object and of a bare one, and every field selector answers', () => {
  for (const kind of builtinKinds) {
    for (const object of [stored(kind, exampleOf(kind)), stored(kind, { apiVersion: 'v1', kind: kind.kind, metadata: { name: 'x', namespace: 'default' } })]) {
      for (const served of kind.served) {
        for (const column of served.columns) {
          const cell = column.cell(object, now)
          assert.ok(cell !== undefined && cell !== 'undefined' && !String(cell).includes('NaN'), `${kind.kind} ${column.name}`)
          if (column.type === 'integer') assert.equal(typeof cell, 'number', `${kind.kind} ${column.name}`)
        }
        for (const [label, value] of Object.entries(served.fields ?? {})) assert.equal(typeof value(object), 'string', `${kind.kind} ${label}`)
      }
    }
  }
})

test('what is converted to the hub and back says the same', () => {
  for (const kind of builtinKinds) {
    const object = stored(kind, exampleOf(kind))
    for (const { convert } of kind.served) {
      if (convert === undefined) continue
      const back = convert.toHub(convert.fromHub(object))
      assert.deepEqual(back, object, kind.kind)
    }
  }
})

test('the columns of kinds are named as upstream names them', () => {
  const rows = Object.fromEntries(builtinKinds.map((kind) => [kind.plural, (kind.served[0]?.columns ?? []).map(({ name, wide }) => (wide ? `*${name}` : name)).join(', ')]))
  assert.deepEqual(rows, {
    componentstatuses: 'Name, Status, Message, Error',
    configmaps: 'Name, Data, Age', endpoints: 'Name, Endpoints, Age',
    events: 'Last Seen, Type, Reason, Object, *Subobject, *Source, Message, *First Seen, *Count, *Name',
    limitranges: 'Name, Created At', podtemplates: 'Name, Containers, Images, Pod Labels', resourcequotas: 'Name, Request, Limit, Age',
    replicationcontrollers: 'Name, Desired, Current, Ready, Age, *Containers, *Images, *Selector',
    namespaces: 'Name, Status, Age', nodes: 'Name, Status, Roles, Age, Version, *Internal-IP, *External-IP, *OS-Image, *Kernel-Version, *Container-Runtime',
    persistentvolumeclaims: 'Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, *VolumeMode',
    persistentvolumes: 'Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, *VolumeMode',
    pods: 'Name, Ready, Status, Restarts, Age, *IP, *Node, *Nominated Node, *Readiness Gates',
    secrets: 'Name, Type, Data, Age', serviceaccounts: 'Name, Age', services: 'Name, Type, Cluster-IP, External-IP, Port(s), Age, *Selector',
    controllerrevisions: 'Name, Controller, Revision, Age',
    customresourcedefinitions: 'Name, Created At',
    daemonsets: 'Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age, *Containers, *Images, *Selector',
    deployments: 'Name, Ready, Up-to-date, Available, Age, *Containers, *Images, *Selector',
    replicasets: 'Name, Desired, Current, Ready, Age, *Containers, *Images, *Selector', statefulsets: 'Name, Ready, Age, *Containers, *Images',
    cronjobs: 'Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age, *Containers, *Images, *Selector',
    jobs: 'Name, Status, Completions, Duration, Age, *Containers, *Images, *Selector',
    clusterrolebindings: 'Name, Role, Age, *Users, *Groups, *ServiceAccounts', clusterroles: 'Name, Created At',
    rolebindings: 'Name, Role, Age, *Users, *Groups, *ServiceAccounts', roles: 'Name, Created At',
    storageclasses: 'Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age',
    deviceclasses: 'Name, Age', resourceclaims: 'Name, State, Age', resourceclaimtemplates: 'Name, Age', resourceslices: 'Name, Node, Driver, Pool, Age', devicetaintrules: 'Name, Key, Value, Effect, TimeAdded, Age',
    flowschemas: 'Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL', prioritylevelconfigurations: 'Name, Type, NominalConcurrencyShares, Queues, HandSize, QueueLengthLimit, Age',
    priorityclasses: 'Name, Value, Global-Default, Age, PreemptionPolicy', leases: 'Name, Holder, Age', endpointslices: 'Name, AddressType, Ports, Endpoints, Age',
    apiservices: 'Name, Service, Available, Age', certificatesigningrequests: 'Name, Age, SignerName, Requestor, RequestedDuration, Condition',
    clustertrustbundles: 'Name, SignerName', podcertificaterequests: 'Name, PodName, ServiceAccountName, NodeName, SignerName, State',
    mutatingadmissionpolicies: 'Name, Mutations, ParamKind, Age', mutatingadmissionpolicybindings: 'Name, PolicyName, ParamRef, Age', mutatingwebhookconfigurations: 'Name, Webhooks, Age',
    validatingadmissionpolicies: 'Name, Validations, ParamKind, Age', validatingadmissionpolicybindings: 'Name, PolicyName, ParamRef, Age', validatingwebhookconfigurations: 'Name, Webhooks, Age',
    storageversionmigrations: 'Name, Resource',
    horizontalpodautoscalers: 'Name, Reference, Targets, MinPods, MaxPods, Replicas, Age', poddisruptionbudgets: 'Name, Min Available, Max Unavailable, Allowed Disruptions, Age',
    ingresses: 'Name, Class, Hosts, Address, Ports, Age', ingressclasses: 'Name, Controller, Parameters, Age', ipaddresses: 'Name, ParentRef', networkpolicies: 'Name, Pod-Selector, Age', servicecidrs: 'Name, CIDRs, Age',
    runtimeclasses: 'Name, Handler, Age', csidrivers: 'Name, AttachRequired, PodInfoOnMount, StorageCapacity, TokenRequests, RequiresRepublish, Modes, Age', csinodes: 'Name, Drivers, Age',
    csistoragecapacities: 'Name, Created At', volumeattachments: 'Name, Attacher, PV, Node, Attached, Age', volumeattributesclasses: 'Name, DriverName, Age',
  })
})
