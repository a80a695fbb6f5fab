export { type Charge, type Charged, chargesOf } from './charge.ts'
