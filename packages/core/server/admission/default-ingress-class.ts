import { isDefaultIngressClass } from '../../api/kinds/index.ts'
import { type Ingress, ingressClasses, ingresses } from '../../api/resources.ts'
import { newest } from './newest.ts'
import type { Plugin } from './types.ts'

/** How an Ingress named its class before it had a field for it. */
const oldName = 'kubernetes.io/ingress.class'

/** An Ingress that names no class takes the default one. */
export const defaultIngressClass: Plugin = {
  name: 'DefaultIngressClass', operations: ['create'], resources: [ingresses.resource],
  mutate({ object, subresource, circumstances: { view } }) {
    if (subresource !== '') return object
    const ingress = object as Ingress
    if (ingress.spec.ingressClassName !== undefined || ingress.metadata.annotations?.[oldName] !== undefined) return ingress
    const found = newest(view.list(ingressClasses), isDefaultIngressClass)
    return found === undefined ? ingress : { ...ingress, spec: { ...ingress.spec, ingressClassName: found.metadata.name } }
  },
}
