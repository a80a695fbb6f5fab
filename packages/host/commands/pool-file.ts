import { readDocuments } from '@kubeskiff/core/api/text'
import { type NodePool, PoolProblem, poolsOf } from '@kubeskiff/core/rules'
import { textOf, UsageError } from './arguments.ts'

/** The pools of simulated nodes in a YAML or JSON file. */
export function poolsInFile(file: string): readonly NodePool[] {
  const pools = readDocuments(textOf(file)).flatMap((reading) => {
    if (!('value' in reading)) throw new UsageError(`${file} cannot be read: ${JSON.stringify(reading)}`)
    try { return poolsOf(reading.value) } catch (error) {
      throw error instanceof PoolProblem ? new UsageError(`${file}: ${error.message}`) : error
    }
  })
  if (pools.length === 0) throw new UsageError(`${file} has no pools in it: expected a list under 'pools', each with count, name, cpu, memory and so on`)
  return pools
}
