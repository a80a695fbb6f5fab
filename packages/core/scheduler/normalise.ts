/** The most a node can score with one plugin. */
export const bestScore = 100

/** Scales scores to 0..100 by the largest, rounded down; the fewest is best when they count what is bad. As upstream's DefaultNormalizeScore. */
export function normalised(scores: Float64Array, sense: 'most is best' | 'fewest is best'): void {
  let most = 0
  for (const score of scores) most = Math.max(most, score)
  for (let at = 0; at < scores.length; at++) {
    const scaled = most === 0 ? 0 : Math.floor((bestScore * (scores[at] ?? 0)) / most)
    scores[at] = sense === 'most is best' ? scaled : bestScore - scaled
  }
}
