export { type Certificate, readCertificate } from './certificate.ts'
export type { AlternativeNames, Subject } from './names.ts'
export { type Block, blocksOf, pemOf, textOfBytesField } from './pem.ts'
export { type CertificateRequest, readPemRequest, readRequest } from './request.ts'
