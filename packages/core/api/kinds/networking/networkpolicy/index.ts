import type { IPBlock, NetworkPolicy as NetworkPolicyModel, NetworkPolicyPeer, NetworkPolicyPort } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type NetworkPolicy, networkPolicies } from '../../../resources.ts'
import { labelSelectorText } from '../../../selectors/labels.ts'
import { formatBlock, isInBlock, parseBlock } from '../../addresses.ts'
import { checkOldCidr } from '../../addressrules.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { eachOf, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkLabelSelector } from '../../labelselector.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkPortOrName, isPort, portFault } from '../../ports.ts'
import { checkOneOf, forbidden, invalid, required } from '../../problems.ts'

// In the order in which upstream names them.
const types: readonly string[] = ['Ingress', 'Egress']
const transports: readonly string[] = ['TCP', 'UDP', 'SCTP']

type Rule = { readonly ports?: readonly NetworkPolicyPort[] }
const withProtocols = <Item extends Rule>(rules: readonly Item[]): readonly Item[] =>
  eachOf(rules, (rule) => {
    const ports = eachOf(rule.ports ?? [], (port) => withDefaults(port, { protocol: 'TCP' }))
    return rule.ports === undefined || ports === rule.ports ? rule : { ...rule, ports }
  })

function fill(draft: NetworkPolicyModel): NetworkPolicyModel {
  return withField(withParts(draft, 'spec'), 'spec', (given) => {
    const spec = withField(withField(withParts(given, 'podSelector'), 'ingress', withProtocols), 'egress', withProtocols)
    // Nothing said of the direction: inwards, and outwards when there is a rule for it.
    return (spec.policyTypes ?? []).length > 0 ? spec : { ...spec, policyTypes: ['Ingress', ...((spec.egress ?? []).length > 0 ? ['Egress'] : [])] }
  })
}

function check(next: NetworkPolicy, before: NetworkPolicy | undefined): readonly Problem[] {
  const { podSelector, ingress = [], egress = [], policyTypes = [] } = next.spec
  const had = before === undefined ? [] : cidrsOf(before)
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkLabelSelector(podSelector, 'spec.podSelector'),
    ...ingress.flatMap(({ ports = [], from = [] }, index) => checkRule(`spec.ingress[${index}]`, ports, 'from', from, had)),
    ...egress.flatMap(({ ports = [], to = [] }, index) => checkRule(`spec.egress[${index}]`, ports, 'to', to, had)),
    ...(policyTypes.length > types.length ? [invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes')]
      : policyTypes.flatMap((type, index) => checkOneOf(`spec.policyTypes[${index}]`, type, types))),
  ]
}

function checkRule(path: string, ports: readonly NetworkPolicyPort[], direction: 'from' | 'to', peers: readonly NetworkPolicyPeer[], had: readonly string[]): readonly Problem[] {
  return [
    ...ports.flatMap((port, index) => checkPort(port, `${path}.ports[${index}]`)),
    ...peers.flatMap((peer, index) => checkPeer(peer, `${path}.${direction}[${index}]`, had)),
  ]
}

function checkPort({ protocol, port, endPort }: NetworkPolicyPort, path: string): readonly Problem[] {
  const wrong = (detail: string): readonly Problem[] => (endPort === undefined ? [] : [invalid(`${path}.endPort`, endPort, detail)])
  return [
    ...checkOneOf(`${path}.protocol`, protocol, transports),
    ...(port === undefined ? wrong('may not be specified when `port` is not specified') : [
      ...(typeof port === 'string' ? wrong('may not be specified when `port` is non-numeric') : []),
      ...checkPortOrName(`${path}.port`, port),
      // As upstream: the value told is that of `port`.
      ...(typeof port === 'number' && endPort !== undefined && endPort < port ? [invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`')] : []),
      ...(typeof port === 'number' && endPort !== undefined && !isPort(endPort) ? wrong(portFault) : []),
    ]),
  ]
}

function checkPeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string, had: readonly string[]): readonly Problem[] {
  const selects = podSelector !== undefined || namespaceSelector !== undefined
  return [
    ...checkLabelSelector(podSelector, `${path}.podSelector`),
    ...checkLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...(ipBlock === undefined ? [] : checkBlock(ipBlock, `${path}.ipBlock`, had)),
    ...(!selects && ipBlock === undefined ? [required(path, 'must specify a peer')] : []),
    ...(selects && ipBlock !== undefined ? [forbidden(path, 'may not specify both ipBlock and another peer')] : []),
  ]
}

function checkBlock({ cidr = '', except = [] }: IPBlock, path: string, had: readonly string[]): readonly Problem[] {
  if (cidr === '') return [required(`${path}.cidr`)]
  const block = parseBlock(cidr)
  return [
    ...checkOldCidr(`${path}.cidr`, cidr, had),
    ...(block === undefined ? [] : except.flatMap((text, index) => {
      const at = `${path}.except[${index}]`
      const part = parseBlock(text)
      const isPart = part === undefined || (isInBlock(block, part.family, part.first) && part.bits > block.bits)
      return [...checkOldCidr(at, text, had), ...(isPart ? [] : [invalid(at, text, 'must be a strict subset of `cidr`')])]
    })),
  ]
}

/** What was once stored may be written again, wherever in the policy it stands now. */
const cidrsOf = (policy: NetworkPolicy): readonly string[] => blocksOf(policy).flatMap(({ cidr, except }) => [cidr, ...except])

/** The blocks of a policy, and where they stand. */
const blocksOf = ({ spec }: NetworkPolicy): readonly { readonly path: string; readonly cidr: string; readonly except: readonly string[] }[] =>
  [...(spec.ingress ?? []).map(({ from = [] }, index) => [`spec.ingress[${index}].from`, from] as const), ...(spec.egress ?? []).map(({ to = [] }, index) => [`spec.egress[${index}].to`, to] as const)]
    .flatMap(([path, peers]) => peers.flatMap(({ ipBlock }, index) => (ipBlock === undefined ? [] : [{ path: `${path}[${index}].ipBlock`, cidr: ipBlock.cidr, except: ipBlock.except ?? [] }])))

function warnOfForm(path: string, text: string): readonly string[] {
  const block = text.includes(':') ? parseBlock(text) : undefined
  const canonical = block && formatBlock(block)
  return canonical === undefined || canonical === text ? [] : [`${path}: IPv6 CIDR value ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`]
}

export const networkPolicy: Kind<NetworkPolicy> = {
  ...networkPolicies,
  singular: 'networkpolicy', shortNames: ['netpol'], categories: [],
  hasStatus: false,
  generation: 'spec',
  served: [{
    group: 'networking.k8s.io', version: 'v1', definition: 'io.k8s.api.networking.v1.NetworkPolicy', fill: filling(fill),
    columns: [
      nameColumn,
      text('Pod-Selector', "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is applied to any pods selected by this field. An empty selector matches all pods in the policy's namespace.", ({ spec }) => labelSelectorText(spec.podSelector)),
      ageColumn,
    ],
  }],
  check,
  warn: (next) => blocksOf(next).flatMap(({ path, cidr, except }) => [[`${path}.cidr`, cidr] as const, ...except.map((each, index) => [`${path}.except[${index}]`, each] as const)].flatMap(([at, text]) => warnOfForm(at, text))),
}
