import type { Duplex, Writable } from 'node:stream'

/** Joins the client's end of a forwarded connection and the pod's; `failed` is told when the pod's end breaks. */
export function joinPort(client: Duplex, pod: Duplex, failed: (error: Error) => void): void {
  client.on('error', () => { pod.destroy() })
  pod.on('error', (error) => { failed(error); client.destroy() })
  client.once('close', () => { if (!client.readableEnded || !client.writableFinished) pod.destroy() })
  pod.once('close', () => { if (!pod.readableEnded || !pod.writableFinished) client.destroy() })
  client.pipe(pod)
  pod.pipe(client)
}

/** As the kubelet words it; kubectl puts the local port before it. */
export const portFailure = (port: number, uid: string, error: Error): string => `error forwarding port ${port} to pod ${uid}, uid : ${error.message}`

/** Writes what went wrong, if anything, and ends. */
export function endWith(error: Writable, text: string): void {
  if (error.destroyed || error.writableEnded) return
  error.end(text === '' ? undefined : text)
}
