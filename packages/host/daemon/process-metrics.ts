// What only the control plane's process knows of itself, in the text that Prometheus reads.
import { metric, processText } from '../metrics/index.ts'

/** Requests in work now; watches and streams are not counted. */
export interface InFlight { readonly mutating: number; readonly readOnly: number }

/** The process_* metrics, and the requests in work. */
export const processMetrics = ({ mutating, readOnly }: InFlight): string =>
  `${metric('apiserver_current_inflight_requests', 'gauge', '[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.', [
    { labels: { request_kind: 'mutating' }, value: mutating }, { labels: { request_kind: 'readOnly' }, value: readOnly },
  ])}${processText()}`
