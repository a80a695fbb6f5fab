import type { Duplex, Readable, Writable } from 'node:stream'
import type { Refusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'

/**
 * A stream to a pod, whatever carries it: made by the node's side, used by the client's dialects. Reading at one's own
 * pace holds the other side back.
 */
export type PodStream = ProcessStream | PortStream

/** An exec, an attach or a log (which has only `stdout`). */
export interface ProcessStream {
  readonly is: 'process'
  /** Ending it is the end of the process's input. */
  readonly stdin: Writable | undefined
  readonly stdout: Readable | undefined
  /** Undefined with a terminal: all output is `stdout` then. */
  readonly stderr: Readable | undefined
  resize(size: TerminalSize): void
  /** How it came to its end; never rejects. Output may still be waiting to be read. */
  readonly ended: Promise<Ending>
  /** The client is gone: what was made for it goes too. */
  close(): void
}

/** A port-forward: one duplex a connection. */
export interface PortStream {
  readonly is: 'ports'
  /** Connects to a port of the pod. A failure destroys the duplex with an error, whose message the client is shown. */
  dial(port: number): Duplex
  close(): void
}

export interface TerminalSize { readonly width: number; readonly height: number }
export type Ending =
  | { readonly is: 'exited'; readonly code: number }
  /** It could not be run, or was lost; the message is for the client. */
  | { readonly is: 'failed'; readonly message: string }

/** Brings a client's stream to its pod. Refused before anything was streamed. */
export type OpenStream = (connect: Connect) => Promise<PodStream | Refusal>
