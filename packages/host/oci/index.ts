export { createOciRuntime, type OciRuntime, type OciRuntimeOptions } from './runtime.ts'
export type { ContainerStreams, OpenProcess, TerminalSize } from './streams.ts'
export type { LogOptions } from './logs.ts'
export { overlaidHostFiles, realHostFiles, type HostFiles } from './host-files.ts'
