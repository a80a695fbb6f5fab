export * from './pump.ts'
export { RealClock } from './real-clock.ts'
export * from './steered-clock.ts'
export * from './system-random.ts'
