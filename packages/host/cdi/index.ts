export { withEdits } from './apply.ts'
export { cdiFolders, editsOf } from './folders.ts'
