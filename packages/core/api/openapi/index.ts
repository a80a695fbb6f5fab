export { createOpenApi, gnosticType, type OpenApi } from './openapi.ts'
export type { Document, ServedResource, ServedSubresource } from './types.ts'
