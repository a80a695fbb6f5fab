export { type PluginInfo, readInfo, readRegistered, writeInfo, writeRegistered } from './registration.ts'
export { type PluginHandler, watchRegistry } from './registry.ts'
export { listenAt, streaming, unary } from './serving.ts'
export { ask, clientAt, empty, entriesOf, fieldsOf, kubeletDirectory, mapEntries, message, numbersAt, quoted, rpcText, socketPathMax, unimplemented } from './wire.ts'
