// Probes: who is restarted, who is not, and who is ready when.
import assert from 'node:assert/strict'
import { at, type Fields, list, until } from '../../api.ts'
import { becomes } from '../../workloads.ts'
import { aPod, image, type RealStory, shell } from '../world.ts'

const everywhere = '[Conformance] [NodeConformance]'
const main = (pod: Fields): Fields => list(pod, 'status', 'containerStatuses')[0] ?? {}
const restartsOf = (pod: Fields): number => Number(main(pod)['restartCount'])
const healthFile = { exec: { command: ['cat', '/tmp/health'] } }

/** A server on port 8080 whose /healthz is well for so many seconds, and then not. */
const healthy = (seconds: number): string => `use IO::Socket::INET; my $from = time; my $l = IO::Socket::INET->new(LocalPort => 8080, Listen => 9, ReuseAddr => 1) or die;
while (my $c = $l->accept) { while (defined(my $h = <$c>)) { last if $h eq "\\r\\n" } my $ok = time - $from < ${seconds}; print $c "HTTP/1.1 ".($ok ? "200 OK" : "500 Internal Server Error")."\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"; close $c }`
/** A server on port 5000 that tells everybody over gRPC that it serves: just enough of HTTP/2 for that. */
const serves = `use IO::Socket::INET; $SIG{CHLD} = "IGNORE"; my $l = IO::Socket::INET->new(LocalPort => 5000, Listen => 9, ReuseAddr => 1) or die;
sub frame { my ($type, $flags, $stream, $body) = @_; substr(pack("N", length $body), 1) . pack("CCN", $type, $flags, $stream) . $body }
sub field { my ($name, $value) = @_; "\\0" . chr(length $name) . $name . chr(length $value) . $value }
sub take { my ($c, $n) = @_; my $all = ""; while (length $all < $n) { my $got = sysread($c, my $part, $n - length $all); return undef unless $got; $all .= $part } $all }
while (my $c = $l->accept) { next if fork; take($c, 24); syswrite $c, frame(4, 0, 0, "");
  while (defined(my $head = take($c, 9))) { my $length = unpack("N", "\\0" . substr($head, 0, 3)); my ($type, $flags, $stream) = unpack("CCN", substr($head, 3)); take($c, $length) if $length;
    syswrite $c, frame(4, 1, 0, "") if $type == 4 && !($flags & 1);
    syswrite $c, frame(1, 4, $stream, chr(0x88) . field("content-type", "application/grpc")) . frame(0, 0, $stream, "\\0\\0\\0\\0\\2\\x08\\x01") . frame(1, 5, $stream, field("grpc-status", "0")) if ($type == 0 || $type == 1) && $flags & 1 }
  exit }`
const perl = (script: string, more: object): object => ({ name: 'main', image, command: ['perl', '-e', script], ...more })
const quick = { periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 1 }
const lives = (how: object, more: object = {}): object => ({ livenessProbe: { ...quick, ...how, ...more } })
const pod = (container: object): ReturnType<typeof aPod> => aPod('probed', [container], { restartPolicy: 'Always' })

interface Probed { readonly says: string; readonly container: object }
const restarted: readonly Probed[] = [
  { says: 'a exec "cat /tmp/health" liveness probe', container: shell('echo ok > /tmp/health; sleep 3; rm -f /tmp/health; sleep 100000', lives(healthFile)) },
  { says: 'a /healthz http liveness probe', container: perl(healthy(3), lives({ httpGet: { path: '/healthz', port: 8080 } })) },
  { says: 'a GRPC liveness probe', container: perl(serves, lives({ grpc: { port: 2333 } })) },
]
const kept: readonly Probed[] = [
  { says: 'a exec "cat /tmp/health" liveness probe', container: shell('echo ok > /tmp/health; sleep 100000', lives(healthFile)) },
  { says: 'a /healthz http liveness probe', container: perl(healthy(100_000), lives({ httpGet: { path: '/healthz', port: 8080 } }, { failureThreshold: 5, timeoutSeconds: 5 })) },
  { says: 'a tcp:8080 liveness probe', container: perl(healthy(2), lives({ tcpSocket: { port: 8080 } }, { timeoutSeconds: 5 })) },
  { says: 'a GRPC liveness probe', container: perl(serves, lives({ grpc: { port: 5000 } }, { timeoutSeconds: 5 })) },
]
/** As long as it takes for a probe to fail several times. */
const whileMs = 6000

export const probes: readonly RealStory[] = [
  ...restarted.map(({ says, container }): RealStory => ({
    row: `[sig-node] Probing container should be restarted with ${says} ${everywhere}`,
    tell: async (world) => {
      await world.create(world.pod(), pod(container))
      await becomes(world, world.pod('probed'), 'it is restarted', (seen) => restartsOf(seen) >= 1 && at(main(seen), 'state', 'running') !== undefined)
      await until(world.api, 'why is told', async () => {
        const events = await world.events('probed')
        return events.some((event) => event.startsWith('Unhealthy: Liveness probe failed: ')) && events.includes('Killing: Container main failed liveness probe, will be restarted')
      })
    },
  })),
  ...kept.map(({ says, container }): RealStory => ({
    row: `[sig-node] Probing container should *not* be restarted with ${says} ${everywhere}`,
    tell: async (world) => {
      await world.runs(pod(container))
      await world.api.advance(whileMs)
      assert.deepEqual([restartsOf(await world.get(world.pod('probed'))), (await world.events('probed')).filter((event) => event.startsWith('Unhealthy'))], [0, []])
    },
  })),
  {
    row: `[sig-node] Probing container should have monotonically increasing restart count ${everywhere}`,
    tell: async (world) => {
      await world.create(world.pod(), pod(perl(healthy(1), lives({ httpGet: { path: '/healthz', port: 8080 } }))))
      let last = 0
      await becomes(world, world.pod('probed'), 'it is restarted again and again', (seen) => {
        const now = restartsOf(seen) || 0
        assert.ok(now >= last, `${now} after ${last}`)
        last = now
        return now >= 3
      })
    },
  },
  {
    row: `[sig-node] Probing container with readiness probe should not be ready before initial delay and never restart ${everywhere}`,
    tell: async (world) => {
      const delay = 4
      const seen = await world.runs(pod(perl(healthy(100_000), { readinessProbe: { httpGet: { path: '/', port: 8080 }, initialDelaySeconds: delay, periodSeconds: 1 } })))
      const readyAt = Date.parse(String(list(seen, 'status', 'conditions').find(({ type }) => type === 'Ready')?.['lastTransitionTime']))
      const startedAt = Date.parse(String(at(main(seen), 'state', 'running', 'startedAt')))
      // Both are told in whole seconds.
      assert.ok(readyAt - startedAt >= (delay - 1) * 1000, `ready ${readyAt - startedAt} ms after its start`)
      assert.equal(restartsOf(seen), 0)
    },
  },
  {
    row: `[sig-node] Probing container with readiness probe that fails should never be ready and never restart ${everywhere}`,
    tell: async (world) => {
      await world.create(world.pod(), pod(shell('sleep 100000', { readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } })))
      await becomes(world, world.pod('probed'), 'it runs', (seen) => at(main(seen), 'started') === true)
      await world.api.advance(whileMs)
      const seen = await world.get(world.pod('probed'))
      assert.deepEqual([main(seen)['ready'], restartsOf(seen)], [false, 0])
    },
  },
]
