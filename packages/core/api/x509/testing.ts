// For tests: what openssl has made, of keys that nobody keeps.
const encoder = new TextEncoder()
const base64 = (text: string): string => encoder.encode(text).toBase64()

/** O = devs, CN = ann. */
export const annRequestPem: string = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHXMH8CAQAwHTENMAsGA1UECgwEZGV2czEMMAoGA1UEAwwDYW5uMFkwEwYHKoZI',
  'zj0CAQYIKoZIzj0DAQcDQgAE5uzK4iyju1+Ev/fh24FrVelJlZlVIRW4rRNJvnH/',
  '2Kt/IetmxLiCST/aXU1rPOLvX0eyxapbtWmEfFaPG7RvAqAAMAoGCCqGSM49BAMC',
  'A0gAMEUCIHXH3VSLIjIf5VlgRv8I9SWoK+/eF/VeyirvE0VNYXorAiEAljDbxdTj',
  '5FbXWPads4HuE5PHWVMd22fdLG+hrONfxlI=',
  '-----END CERTIFICATE REQUEST-----',
].join('\n')
/** As a field of type bytes. */
export const annRequest: string = base64(annRequestPem)
/** O = system:nodes, CN = system:node:n1, for DNS:n1, IP:10.0.0.1 and IP:fd00::1. */
export const nodeRequestPem: string = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIIBIjCBygIBADAwMRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxFzAVBgNVBAMMDnN5',
  'c3RlbTpub2RlOm4xMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5uzK4iyju1+E',
  'v/fh24FrVelJlZlVIRW4rRNJvnH/2Kt/IetmxLiCST/aXU1rPOLvX0eyxapbtWmE',
  'fFaPG7RvAqA4MDYGCSqGSIb3DQEJDjEpMCcwJQYDVR0RBB4wHIICbjGHBAoAAAGH',
  'EP0AAAAAAAAAAAAAAAAAAAEwCgYIKoZIzj0EAwIDRwAwRAIgezg4gDsOy7Ipr7PD',
  'eSPQqer6exqqt7bgRjNcXZGTX88CIFtCDitoDsPVp663gBc1iy18ORMjPIzdNSdy',
  'O2S5InmA',
  '-----END CERTIFICATE REQUEST-----',
].join('\n')
export const nodeRequest: string = base64(nodeRequestPem)
/** The bare bytes of the same. */
export const nodeRequestBytes: string = nodeRequestPem.split('\n').slice(1, -1).join('')
/** An authority: CN = test-ca. */
export const authorityPem: string = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBfDCCASGgAwIBAgIUETOIdMLGLiV9S9BaYGdtncFD030wCgYIKoZIzj0EAwIw',
  'EjEQMA4GA1UEAwwHdGVzdC1jYTAgFw0yNjExMjgwNzM3NDZaGA8yMTI2MTEwNDA3',
  'Mzc0NlowEjEQMA4GA1UEAwwHdGVzdC1jYTBZMBMGByqGSM49AgEGCCqGSM49AwEH',
  'A0IABObsyuIso7tfhL/34duBa1XpSZWZVSEVuK0TSb5x/9irfyHrZsS4gkk/2l1N',
  'azzi719HssWqW7VphHxWjxu0bwKjUzBRMB0GA1UdDgQWBBQfdDLcVjmh2aCiRVL5',
  'LvXqhDR0xzAfBgNVHSMEGDAWgBQfdDLcVjmh2aCiRVL5LvXqhDR0xzAPBgNVHRMB',
  'Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDWWVCghg7d0zrsmjAnFitpkx7c',
  '6FMbldwbXo5SPYBQTAIhAPCItD2OX6Dw0ZwGd6YUwOu3bhlHPLiAW5FVtB8rxo1i',
  '-----END CERTIFICATE-----',
].join('\n')
/** Issued by it to the node's request. */
export const leafPem: string = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBjDCCATKgAwIBAgIUXq0TTLSMYxP0BTB8FdIY9TpI4CgwCgYIKoZIzj0EAwIw',
  'EjEQMA4GA1UEAwwHdGVzdC1jYTAeFw0yNjExMjgwNzM3NDZaFw0yNjExMjkwNzM3',
  'NDZaMDAxFTATBgNVBAoMDHN5c3RlbTpub2RlczEXMBUGA1UEAwwOc3lzdGVtOm5v',
  'ZGU6bjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATm7MriLKO7X4S/9+HbgWtV',
  '6UmVmVUhFbitE0m+cf/Yq38h62bEuIJJP9pdTWs84u9fR7LFqlu1aYR8Vo8btG8C',
  'o0gwRjAlBgNVHREEHjAcggJuMYcECgAAAYcQ/QAAAAAAAAAAAAAAAAAAATAdBgNV',
  'HQ4EFgQUH3Qy3FY5odmgokVS+S716oQ0dMcwCgYIKoZIzj0EAwIDSAAwRQIhAK24',
  'B38SkuaVhJ0ZP41GCVFVDjoeQ4EwMuzCVR6KiWx9AiAzLwzN5QsvrFiWKpSzb78N',
  'DRBuuL7a0Hig1QLo3O9iTg==',
  '-----END CERTIFICATE-----',
].join('\n')
/** O = system:masters, CN = eve. */
export const eveRequest: string = base64([
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHjMIGJAgEAMCcxFzAVBgNVBAoMDnN5c3RlbTptYXN0ZXJzMQwwCgYDVQQDDANl',
  'dmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATm7MriLKO7X4S/9+HbgWtV6UmV',
  'mVUhFbitE0m+cf/Yq38h62bEuIJJP9pdTWs84u9fR7LFqlu1aYR8Vo8btG8CoAAw',
  'CgYIKoZIzj0EAwIDSQAwRgIhAP3EAXoEcp3QXKlmZ4IdX74ehzZBukv+AruYO+q6',
  'pzzZAiEAmUjwcnlom/F9GqjgIKbvpa330ntr5fYEzXCnXI2XSuI=',
  '-----END CERTIFICATE REQUEST-----',
].join('\n'))
/** O = system:nodes, CN = system:node:n1, without alternative names. */
export const kubeletRequest: string = base64([
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHrMIGSAgEAMDAxFTATBgNVBAoMDHN5c3RlbTpub2RlczEXMBUGA1UEAwwOc3lz',
  'dGVtOm5vZGU6bjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATm7MriLKO7X4S/',
  '9+HbgWtV6UmVmVUhFbitE0m+cf/Yq38h62bEuIJJP9pdTWs84u9fR7LFqlu1aYR8',
  'Vo8btG8CoAAwCgYIKoZIzj0EAwIDSAAwRQIgcqvAxGIa8JHh6XdUq2K5JZFWsfyG',
  'AN9Kz1llFDF0174CIQCgvozxcC07wew8cADm+B7UYoZwO4iQrceiJWeVxkV7ow==',
  '-----END CERTIFICATE REQUEST-----',
].join('\n'))
