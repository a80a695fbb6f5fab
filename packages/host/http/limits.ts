/** Bounds on what one server takes from its clients. */
export interface Limits {
  /** A longer body is refused with 413, as upstream refuses it. */
  readonly bodyBytesMax: number
  /** All bodies that are being received; beyond it 429. */
  readonly bodiesBytesMax: number
  /** Requests in work, watches and streams not counted; beyond it 429. */
  readonly requestsMax: number
  /** The head of a request, its URL too: selectors may be long. Beyond it 431. */
  readonly headersBytesMax: number
  readonly headersTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly handshakeTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Streams of one HTTP/2 connection. */
  readonly streamsPerConnectionMax: number
  /** How often a request may ask the outside before it is answered 409. */
  readonly asksMax: number
  /** What a watch is given at once. */
  readonly watchReadBytes: number
}

export const usualLimits: Limits = {
  bodyBytesMax: 3 << 20,
  bodiesBytesMax: 128 << 20,
  requestsMax: 1000,
  headersBytesMax: 256 << 10,
  headersTimeoutMs: 30_000,
  bodyTimeoutMs: 60_000,
  handshakeTimeoutMs: 10_000,
  idleTimeoutMs: 600_000,
  streamsPerConnectionMax: 1000,
  asksMax: 100,
  watchReadBytes: 256 << 10,
}
