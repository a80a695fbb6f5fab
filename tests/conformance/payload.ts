/** Bytes of a body with the type that goes without saying: JSON, and for a patch a merge patch. */
export function payload(method: string, body: unknown): { readonly bytes: Buffer | undefined; readonly type: string } {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  if (body === undefined) return { bytes: undefined, type }
  if (body instanceof Uint8Array) return { bytes: Buffer.from(body), type: 'application/vnd.kubernetes.protobuf' }
  return { bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), type }
}
