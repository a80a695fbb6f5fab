export * from './types.ts'
export { compile, evaluate, evaluateWithin, isCompileFault } from './compile.ts'
export { typeText } from './static-types.ts'
export { Double, Duration, Fault, Opaque, Optional, Struct, Timestamp, TypeValue, Uint, typeNameOf } from './values.ts'
