import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { ingress } from './ingress/index.ts'
import { ingressClass } from './ingressclass/index.ts'
import { ipAddress } from './ipaddress/index.ts'
import { networkPolicy } from './networkpolicy/index.ts'
import { serviceCIDR } from './servicecidr/index.ts'

export const networkingKinds: readonly Kind<Resource>[] = [
  ingressClass,
  ingress,
  ipAddress,
  networkPolicy,
  serviceCIDR,
]
