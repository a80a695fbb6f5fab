// The messages by which plugins register with a kubelet (v1): facts of that protocol.
import { fieldsOf, message } from './wire.ts'

export interface PluginInfo { readonly type: string; readonly name: string; readonly endpoint: string; readonly versions: readonly string[] }

export const writeInfo = ({ type, name, endpoint, versions }: PluginInfo): Buffer => message([[1, type], [2, name], [3, endpoint], ...versions.map((version) => [4, version] as const)])
export function readInfo(bytes: Uint8Array): PluginInfo {
  const { texts } = fieldsOf(bytes)
  return { type: texts(1)[0] ?? '', name: texts(2)[0] ?? '', endpoint: texts(3)[0] ?? '', versions: texts(4) }
}
export const writeRegistered = (error: string): Buffer => message([[1, error === ''], [2, error]])
/** Why it was not; '' when it was. */
export const readRegistered = (bytes: Uint8Array): { readonly error: string } => {
  const { flag, texts } = fieldsOf(bytes)
  return { error: flag(1) ? '' : texts(2)[0] ?? 'not registered' }
}
