import { isAlive } from '../linux/processes.ts'
import { placesIn } from './places.ts'
import { readRecords } from './records.ts'

/** How many containers of a state directory run, as its records tell. For who is not the agent. */
export function livingContainers(stateDirectory: string): number {
  return readRecords(placesIn(stateDirectory).pods).flatMap(({ containers }) => containers).filter(({ process }) => process !== undefined && isAlive(process)).length
}
