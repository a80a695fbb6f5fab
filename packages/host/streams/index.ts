export type { Ending, OpenStream, PodStream, PortStream, ProcessStream, TerminalSize } from './types.ts'
