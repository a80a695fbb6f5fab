export { mutatingAdmissionPolicy } from './mutating.ts'
export { validatingAdmissionPolicy } from './validating.ts'
