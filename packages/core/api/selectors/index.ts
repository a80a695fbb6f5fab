export * from './fields.ts'
export * from './labels.ts'
export * from './syntax.ts'
