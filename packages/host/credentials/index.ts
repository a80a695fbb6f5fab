export { Certificates, nodeSubject, type ServerNames } from './certificates.ts'
export type { KeyPair, Subject } from './issue.ts'
export { kubeconfig } from './kubeconfig.ts'
export { openTokenSigner, tokenSigner, type Claims, type TokenSigner, type Verified } from './tokens.ts'
