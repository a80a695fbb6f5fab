export { acceptStream, chooseDialect, chooseWatchProtocol, type Dialect } from './accept.ts'
export type { Ending, OpenStream, PodStream, PortStream, ProcessStream, TerminalSize } from './types.ts'
export { openWebSocket } from './websocket.ts'
