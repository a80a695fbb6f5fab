import type { Draft } from '../../resource.ts'
import { annRequest, authorityPem, nodeRequestBytes } from '../../x509/testing.ts'

const apiVersion = 'certificates.k8s.io/v1'
export const certificatesExamples: Readonly<Record<string, Draft>> = {
  'certificates.k8s.io/certificatesigningrequests': {
    apiVersion, kind: 'CertificateSigningRequest', metadata: { name: 'ann' },
    spec: { request: annRequest, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth', 'digital signature'], expirationSeconds: 86_400 },
  },
  'certificates.k8s.io/clustertrustbundles': {
    apiVersion, kind: 'ClusterTrustBundle', metadata: { name: 'example.com:signer:one' }, spec: { signerName: 'example.com/signer', trustBundle: authorityPem },
  },
  'certificates.k8s.io/podcertificaterequests': {
    apiVersion, kind: 'PodCertificateRequest', metadata: { name: 'web', namespace: 'default' },
    spec: {
      signerName: 'example.com/signer', podName: 'web-1', podUID: 'u-1', serviceAccountName: 'default', serviceAccountUID: 'u-2', nodeName: 'n1', nodeUID: 'u-3',
      stubPKCS10Request: nodeRequestBytes, unverifiedUserAnnotations: { 'example.com/path': '/a' },
    },
  },
}
