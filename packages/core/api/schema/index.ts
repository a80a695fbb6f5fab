export * from './types.ts'
export { loadDefinitions } from './definitions.ts'
