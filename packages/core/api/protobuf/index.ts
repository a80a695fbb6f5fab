export { readProtobuf } from './read.ts'
