export * from './pod-quantities.ts'
export * from './scopes.ts'
export * from './usage.ts'
