// Paths inside volumes: what is told of them leads nowhere else.
import type { Problem } from '../../../refusal.ts'
import { invalid } from '../../problems.ts'

/** A path inside a volume: relative, and never out of it. */
export const checkInnerPath = (value: string, path: string): readonly Problem[] =>
  [...(value.startsWith('/') ? [invalid(path, value, 'must be a relative path')] : []), ...checkNoBacksteps(value, path)]

export const checkNoBacksteps = (value: string, path: string): readonly Problem[] => (value.split('/').includes('..') ? [invalid(path, value, "must not contain '..'")] : [])

/** The same for what a volume is filled with: names that start with two dots are the kubelet's. */
export const checkFilePath = (value: string, path: string): readonly Problem[] =>
  [...checkInnerPath(value, path), ...(value.startsWith('..') && !value.startsWith('../') ? [invalid(path, value, "must not start with '..'")] : [])]
