// The messages by which a kubelet talks to DRA drivers (v1 and v1beta1, which are the same on the wire): facts of that protocol.
import { entriesOf, fieldsOf, message } from '../../plugins/index.ts'

/** A claim, as drivers are told of it. */
export interface ClaimReference { readonly namespace: string; readonly uid: string; readonly name: string }
/** `share`: which part of a device that several claims have parts of. */
export interface PreparedDevice { readonly requests: readonly string[]; readonly pool: string; readonly device: string; readonly cdi: readonly string[]; readonly share?: string }
/** What a driver tells of one of its devices. Seconds of 0 or less: as usual. */
export interface DeviceReport { readonly pool: string; readonly device: string; readonly health: 'Healthy' | 'Unhealthy' | 'Unknown'; readonly timeoutSeconds: number; readonly message: string }
/** By the claim's uid. */
export type Prepared = ReadonlyMap<string, { readonly devices: readonly PreparedDevice[]; readonly error: string }>
export type Unprepared = ReadonlyMap<string, { readonly error: string }>

/** NodePrepareResourcesRequest and NodeUnprepareResourcesRequest. */
export const writeClaims = (claims: readonly ClaimReference[]): Buffer => message(claims.map(({ namespace, uid, name }) => [1, message([[1, namespace], [2, uid], [3, name]])] as const))
export const readClaims = (bytes: Uint8Array): readonly ClaimReference[] => fieldsOf(bytes).parts(1).map((part) => {
  const { texts } = fieldsOf(part)
  return { namespace: texts(1)[0] ?? '', uid: texts(2)[0] ?? '', name: texts(3)[0] ?? '' }
})

export const writePrepared = (prepared: Prepared): Buffer => message([...prepared].map(([uid, { devices, error }]) => [1, message([[1, uid], [2, message([
  ...devices.map(({ requests, pool, device, cdi, share = '' }) => [1, message([...requests.map((name) => [1, name] as const), [2, pool], [3, device], ...cdi.map((name) => [4, name] as const), [5, share]])] as const), [2, error],
])]])] as const))
export const readPrepared = (bytes: Uint8Array): Prepared => entriesOf(bytes, ({ parts, texts }) => ({
  devices: parts(1).map((part) => {
    const { texts: of } = fieldsOf(part)
    const [share] = of(5)
    return { requests: of(1), pool: of(2)[0] ?? '', device: of(3)[0] ?? '', cdi: of(4), ...(share === undefined ? {} : { share }) }
  }), error: texts(2)[0] ?? '',
}))
export const writeUnprepared = (unprepared: Unprepared): Buffer => message([...unprepared].map(([uid, { error }]) => [1, message([[1, uid], [2, message([[1, error]])]])] as const))
export const readUnprepared = (bytes: Uint8Array): Unprepared => entriesOf(bytes, ({ texts }) => ({ error: texts(1)[0] ?? '' }))

/** NodeWatchResourcesResponse, which v1, v1beta1 and v1alpha1 of the health service have alike. */
export const writeReports = (reports: readonly DeviceReport[]): Buffer => message(reports.map(({ pool, device, health, timeoutSeconds, message: text }) => [1, message([[1, message([[1, pool], [2, device]])], [2, healths.indexOf(health)], [4, timeoutSeconds], [5, text]])] as const))
export const readReports = (bytes: Uint8Array): readonly DeviceReport[] => fieldsOf(bytes).parts(1).map((part) => {
  const { parts, texts, number } = fieldsOf(part)
  const { texts: of } = fieldsOf(parts(1)[0] ?? new Uint8Array(0))
  return { pool: of(1)[0] ?? '', device: of(2)[0] ?? '', health: healths[number(2)] ?? 'Unknown', timeoutSeconds: number(4), message: texts(5)[0] ?? '' }
})
/** By the number on the wire. */
const healths = ['Unknown', 'Healthy', 'Unhealthy'] as const
