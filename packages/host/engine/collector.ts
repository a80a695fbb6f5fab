import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 judge buffers by the size of the whole heap. By itself it walks the heap whenever 64 MB of buffers came since the
 * last walk, which a few lists do: with a hundred thousand pods that walk takes seconds, and more than half of all time.
 * For a process that is the control plane's own, once at its start.
 */
export function countBuffersWithTheHeap(): void { setFlagsFromString('--external-memory-accounted-in-global-limit') }
