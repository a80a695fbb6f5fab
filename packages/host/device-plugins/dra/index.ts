export { type ClaimedDevice, type DeviceDrivers, openDeviceDrivers } from './drivers.ts'
