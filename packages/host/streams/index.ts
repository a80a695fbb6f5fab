export { acceptStream, chooseDialect, chooseWatchProtocol, type Dialect } from './accept.ts'
export { containersOf, podOf, refused, type Refused, streamAsked } from './kubelet-paths.ts'
export type { Ending, OpenStream, PodStream, PortStream, ProcessStream, TerminalSize } from './types.ts'
export { openWebSocket } from './websocket.ts'
