export * from './pump.ts'
export * from './real-clock.ts'
export * from './system-random.ts'
