type Headers = Readonly<Record<string, string>>

/** A body in bytes, with the headers that go without saying: JSON, and for a patch a merge patch. A type that is '' is left out. */
export function payload(method: string, body: unknown, given: Headers): { readonly bytes: Buffer | undefined; readonly headers: Headers } {
  const usual = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const bytes = body === undefined ? undefined : body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const { 'content-type': type = usual, ...rest } = given
  return { bytes, headers: { accept: 'application/json', ...(bytes !== undefined && type !== '' && { 'content-type': type }), ...rest } }
}
