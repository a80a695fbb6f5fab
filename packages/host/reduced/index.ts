export { endKeeper, findKeeper, hasWayOut } from './keeper.ts'
export { lacks, lacksAnnotation, reducedLabel, reducedMode } from './lacks.ts'
export { follow, handOver, type InsideOptions, listenOutside, startInside, takeListener, theKeeper } from './run.ts'
export { isOrdinaryUser, reducedGround, whyNotReduced } from './why-not.ts'
