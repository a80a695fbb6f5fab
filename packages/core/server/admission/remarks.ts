/** What is said of a write besides yes or no: to its client, and to the audit log. */
export interface Remarks {
  readonly warnings?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
}

export const noRemarks: Remarks = {}

/** Remarks of two that spoke one after the other. */
export function together(first: Remarks, second: Remarks): Remarks {
  if (first === noRemarks) return second
  if (second === noRemarks) return first
  return { warnings: [...(first.warnings ?? []), ...(second.warnings ?? [])], annotations: { ...first.annotations, ...second.annotations } }
}
