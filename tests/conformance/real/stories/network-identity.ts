// Pods that prove over TLS who they are, and check who others are.
import assert from 'node:assert/strict'
import { at, type Fields, list, text, until } from '../../api.ts'
import { issueAuthority, signRequest } from '../authority.ts'
import { addressOf } from '../network.ts'
import { aPod, type RealStory, type RealWorld, secure, shell } from '../world.ts'

/** Reads the pod's own token, fetches where its issuer says that keys are, and checks the token's signature with the key that it names. */
const selfCheck = String.raw`
my $at = "/run/oidc"; my $name = "kubernetes.default.svc"; open my $f, "<", "$at/token"; my $token = <$f>;
sub fetch { my ($path) = @_; open my $q, ">", "/tmp/q"; print $q "GET $path HTTP/1.1\r\nHost: $name\r\nAuthorization: Bearer $token\r\nConnection: close\r\n\r\n"; close $q;
  my $said = qx(openssl s_client -connect $name:443 -verify_return_error -verify_hostname $name -CAfile $at/ca.crt -quiet -ign_eof < /tmp/q 2>/dev/null); $said =~ m{^HTTP/1.1 200} or die "$path: $said"; return $said }
sub bytes { my ($s) = @_; $s =~ tr#A-Za-z0-9_-##cd; $s =~ tr#A-Za-z0-9\-_# -_#; return join "", map { unpack "u", chr(32 + int(length($_) * 3 / 4)) . $_ } $s =~ /(.{1,60})/gs }
sub integer { my ($n) = @_; $n =~ s/^\0+//; $n = "\0$n" if ord($n) > 127; return pack "C C/a", 2, $n }
my ($head, $claims, $signature) = split /\./, $token; my ($kid) = bytes($head) =~ /"kid":"([^"]+)"/; my ($issuer) = bytes($claims) =~ /"iss":"([^"]+)"/;
my $found = fetch("/.well-known/openid-configuration"); my ($says) = $found =~ /"issuer":\s*"([^"]+)"/; my ($keys) = $found =~ /"jwks_uri":\s*"([^"]+)"/; $says eq $issuer or die "issuer $says is not $issuer"; $keys =~ s{^https://[^/]+}{};
my ($key) = grep { /"kid":\s*"\Q$kid\E"/ } fetch($keys) =~ /(\{[^{}]*\})/g; my ($x) = $key =~ /"x":\s*"([^"]+)"/; my ($y) = $key =~ /"y":\s*"([^"]+)"/;
open my $k, ">", "/tmp/key"; print $k pack("H*", "3059301306072a8648ce3d020106082a8648ce3d030107034200" . "04") . bytes($x) . bytes($y); close $k;
my $raw = bytes($signature); open my $s, ">", "/tmp/signature"; print $s pack("C C/a", 48, integer(substr $raw, 0, 32) . integer(substr $raw, 32)); close $s;
open my $d, ">", "/tmp/data"; print $d "$head.$claims"; close $d;
print qx(openssl dgst -sha256 -verify /tmp/key -keyform DER -signature /tmp/signature /tmp/data 2>&1)`

const requestsOf = (world: RealWorld): string => world.path('certificates.k8s.io/v1', 'podcertificaterequests')

/** Signs every request of a namespace until so many are signed. */
async function signs(world: RealWorld, authority: Awaited<ReturnType<typeof issueAuthority>>, count: number): Promise<void> {
  const signed = new Set<string>()
  await until(world.api, `${count} certificates are asked for and signed`, async () => {
    for (const request of list(await world.get(requestsOf(world)), 'items')) {
      const name = text(request, 'metadata', 'name')
      if (signed.has(name)) continue
      const { chain, ...times } = await signRequest(authority, { request: text(request, 'spec', 'stubPKCS10Request'), seconds: Number(at(request, 'spec', 'maxExpirationSeconds') ?? 3600), uri: `spiffe://cluster.local/ns/${world.namespace}/sa/${text(request, 'spec', 'serviceAccountName')}` })
      const conditions = [{ type: 'Issued', status: 'True', reason: 'Issued', message: 'Issued', lastTransitionTime: new Date().toISOString() }]
      await world.merge(`${requestsOf(world)}/${name}/status`, { status: { conditions, certificateChain: chain, ...times } })
      signed.add(name)
    }
    return signed.size >= count || undefined
  })
}

export const networkIdentity: readonly RealStory[] = [
  {
    row: '[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer [Conformance]',
    tell: async (world) => {
      const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }, { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } }]
      const checking = { name: 'main', image: secure, command: ['perl', '-e', selfCheck], volumeMounts: [{ name: 'oidc', mountPath: '/run/oidc' }] }
      assert.equal(await world.says(aPod('checker', [checking], { volumes: [{ name: 'oidc', projected: { sources } }] })), 'Verified OK\n')
    },
  },
  {
    row: '[sig-auth] Projected PodCertificate [FeatureGate:PodCertificateRequest] [FeatureGate:ClusterTrustBundle] [FeatureGate:ClusterTrustBundleProjection] should allow server and client pods to establish an mTLS connection [MinimumKubeletVersion:1.37] [Conformance]',
    tell: async (world) => {
      const signerName = `e2e.example.com/${world.namespace}`
      const authority = await issueAuthority('signer of pods')
      const bundle = `${signerName.replace('/', ':')}:roots`
      await world.create(world.everywhere('certificates.k8s.io/v1', 'clustertrustbundles'), { metadata: { name: bundle }, spec: { signerName, trustBundle: authority.certificate } })
      try {
        const volumes = [{ name: 'tls', projected: { sources: [{ podCertificate: { signerName, keyType: 'ECDSAP256', credentialBundlePath: 'own.pem' } }, { clusterTrustBundle: { name: bundle, path: 'trusted.pem' } }] } }]
        const volumeMounts = [{ name: 'tls', mountPath: '/tls' }]
        const who = '-cert /tls/own.pem -key /tls/own.pem -CAfile /tls/trusted.pem -verify_return_error'
        const started = Promise.all([
          world.runs(aPod('server', [{ name: 'main', image: secure, command: ['sh', '-c', `exec openssl s_server -accept 8443 ${who} -Verify 1 -www -quiet`], volumeMounts, readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 } }], { volumes })),
          world.runs(aPod('client', [shell('trap "exit 0" TERM; sleep 100000 & wait', { image: secure, volumeMounts })], { volumes })),
        ])
        await signs(world, authority, 2)
        const [server] = await started
        const ask = (options: string): Promise<{ readonly code: number; readonly out: string; readonly err: string }> =>
          world.exec('client', ['sh', '-c', `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 5 openssl s_client -connect ${addressOf(server as Fields)}:8443 ${options} -quiet -ign_eof`])
        assert.match((await ask(who)).out, /HTTP\/1\.0 200 ok/i)
        assert.doesNotMatch((await ask('-CAfile /tls/trusted.pem')).out, /200 ok/i)
      } finally { await world.ask('DELETE', world.everywhere('certificates.k8s.io/v1', 'clustertrustbundles', bundle)) }
    },
  },
]
