import { existsSync, readFileSync, rmSync } from 'node:fs'
import type { Course } from '../engine/index.ts'
import { writePrivately } from '../files/index.ts'

/** Whether a cluster's time is another than the machine's. */
export const isTurned = (course: Course): boolean => 'frozenAt' in course || course.aheadMs !== 0

/** How a cluster's time stands to the machine's, as it was kept. Throws, naming the file, when it can't be understood. */
export function readCourse(file: string): Course {
  if (!existsSync(file)) return { aheadMs: 0 }
  const text = readFileSync(file, 'utf8')
  const { aheadMs, frozenAt } = fieldsOf(text)
  if (typeof aheadMs === 'number' && Number.isFinite(aheadMs)) return { aheadMs }
  const instant = typeof frozenAt === 'string' ? Date.parse(frozenAt) : Number.NaN
  if (Number.isNaN(instant)) throw new Error(`${file} tells no time: expected {"aheadMs": 3600000} or {"frozenAt": "2030-01-01T00:00:00Z"}: mend it, or remove it to go by the machine's time`)
  return { frozenAt: instant }
}

function fieldsOf(text: string): { readonly aheadMs?: unknown; readonly frozenAt?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {} // no JSON tells no time either
  }
}

/** Keeps it for the next start. */
export function keepCourse(file: string, course: Course): void {
  if (isTurned(course)) writePrivately(file, `${JSON.stringify('frozenAt' in course ? { frozenAt: new Date(course.frozenAt).toISOString() } : course)}\n`)
  else rmSync(file, { force: true })
}
