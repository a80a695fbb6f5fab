export { frame, isProtobufKind, type ListParts, listParts, metadataMessage, writeEnvelope, writeObject } from './envelope.ts'
export { readProtobuf } from './read.ts'
export { eachField } from './wire.ts'
export { hasMessage, writeMessage } from './write.ts'
