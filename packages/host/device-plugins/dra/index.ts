export { type DeviceDrivers, openDeviceDrivers } from './drivers.ts'
