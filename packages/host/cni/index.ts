export { type CniFolders, cniFoldersDefault, type CniNetworks, openCni } from './pods.ts'
