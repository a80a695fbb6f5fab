import type { Taint, Toleration } from '../api/generated/types.ts'

/** Does the toleration stand this taint? Gt and Lt are not known: upstream has them behind a gate that is shut. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case '':
    case 'Equal': return !!toleration.key && (toleration.value ?? '') === (taint.value ?? '')
    case 'Exists': return true
    default: return false
  }
}

/** The first taint of these effects that nothing tolerates. */
export function untolerated(taints: readonly Taint[] | undefined, tolerations: readonly Toleration[] | undefined, effects: readonly string[]): Taint | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && !tolerations?.some((toleration) => tolerates(toleration, taint)))
}

/**
 * When a NoExecute taint drives a pod away, in milliseconds after it was put there: 0 at once, undefined never. The
 * shortest tolerationSeconds of all matching tolerations counts, as in upstream's taint-eviction-controller.
 */
export function toleratedMs(taints: readonly Taint[] | undefined, tolerations: readonly Toleration[] | undefined): number | undefined {
  let shortest: number | undefined
  for (const taint of taints ?? []) {
    if (taint.effect !== 'NoExecute') continue
    const matching = (tolerations ?? []).filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return 0
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds !== undefined) shortest = Math.min(shortest ?? Infinity, Math.max(0, tolerationSeconds) * 1000)
    }
  }
  return shortest
}
