// Field numbers, as in the other tables, of definitions that are stable from 1.37 on: those of their last betas (tools/generate/promoted.ts).
export const promotedNumbers: string = `
certificates.v1.ClusterTrustBundle metadata! spec!
certificates.v1.ClusterTrustBundleList metadata! items
certificates.v1.ClusterTrustBundleSpec signerName trustBundle
certificates.v1.PodCertificateRequest metadata! spec! status!
certificates.v1.PodCertificateRequestList metadata! items
certificates.v1.PodCertificateRequestSpec signerName podName podUID serviceAccountName serviceAccountUID nodeName nodeUID maxExpirationSeconds? unverifiedUserAnnotations=11 stubPKCS10Request
certificates.v1.PodCertificateRequestStatus conditions certificateChain notBefore=4 beginRefreshAt notAfter
resource.v1.DeviceTaintRule metadata! spec! status!
resource.v1.DeviceTaintRuleList metadata! items
resource.v1.DeviceTaintRuleSpec deviceSelector taint!
resource.v1.DeviceTaintRuleStatus conditions
resource.v1.DeviceTaintSelector driver?=2 pool? device?
storagemigration.v1.StorageVersionMigration metadata! spec! status!
storagemigration.v1.StorageVersionMigrationList metadata! items
storagemigration.v1.StorageVersionMigrationSpec resource!
storagemigration.v1.StorageVersionMigrationStatus conditions resourceVersion
`
