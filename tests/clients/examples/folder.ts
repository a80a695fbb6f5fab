// Where the manifests of examples/ are.
import { join } from 'node:path'

/** The files of one topic by their names. */
export const fileOf = (topic: string): ((name: string) => string) => (name) => join(import.meta.dirname, '../../../examples', topic, name)
