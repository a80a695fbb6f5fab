import { isDefaultIngressClass } from '../../api/kinds/index.ts'
import { type Ingress, type IngressClass, ingressClasses, ingresses } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
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
    const found = defaultClass(view)
    return found === undefined ? ingress : { ...ingress, spec: { ...ingress.spec, ingressClassName: found.metadata.name } }
  },
}

/** Of several, the newest; of equally old ones the first by name, as upstream. */
function defaultClass(view: ClusterView): IngressClass | undefined {
  let found: IngressClass | undefined
  for (const each of view.list(ingressClasses)) {
    if (isDefaultIngressClass(each) && (found === undefined || each.metadata.creationTimestamp > found.metadata.creationTimestamp)) found = each
  }
  return found
}
