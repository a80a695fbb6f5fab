// Requests of pods for certificates are forgotten a quarter of an hour after they came: whoever asked has the answer by then.
import type { Controller } from '../../api/controller.ts'
import { keyOf } from '../../api/resource.ts'
import { podCertificateRequests } from '../../api/resources.ts'
import { settled } from '../settled.ts'

const keptMs = 15 * 60_000

/** A key is 'namespace/name'. */
export const podCertificateRequestCleaner: Controller = {
  name: 'podcertificaterequestcleaner',
  watches: [{ resource: podCertificateRequests.resource, affected: ({ key, before }) => (before === undefined ? [`${key.namespace}/${key.name}`] : []) }],
  reconcile: (key, { view, now }) => {
    const [namespace = '', name = ''] = key.split('/')
    const request = view.get(podCertificateRequests, namespace, name)
    if (request === undefined || request.metadata.deletionTimestamp !== undefined) return settled
    const ends = Date.parse(request.metadata.creationTimestamp) + keptMs
    return ends > now ? { actions: [], again: ends } : { actions: [{ do: 'delete', key: keyOf(podCertificateRequests, request), uid: request.metadata.uid }] }
  },
}
