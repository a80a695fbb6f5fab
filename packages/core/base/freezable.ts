/** Every part with state can be copied into a fork and saved in a snapshot. */
export interface Freezable<Data> { freeze(): Data; thaw(data: Data): void }
