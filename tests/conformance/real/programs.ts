// What containers of stories about the network run: perl, as the image has it.

/**
 * Answers HTTP on TCP ports and a datagram on UDP ports (`tcp:80`; `tcp6:80` is IPv6's), each with the host's name; `/clientip` with who asks, `/echo`
 * with the method and what the environment calls BODY, `/write` keeps what is posted there for `/read`.
 */
const serverSource = String.raw`
use IO::Socket::INET; use IO::Select; $| = 1; $SIG{CHLD} = "IGNORE"; $SIG{TERM} = sub { exit 0 };
chomp(my $host = qx(hostname)); my %udp; my @all;
for (@ARGV) { my ($kind, $six, $port) = /^(tcp|udp)(6?):(\d+)$/ or die; require IO::Socket::IP if $six; my @at = (LocalPort => $port, $six ? (LocalHost => "::", V6Only => 1) : ()); push @at, $kind eq "udp" ? (Proto => "udp") : (Listen => 128, ReuseAddr => 1); my $s = ($six ? "IO::Socket::IP" : "IO::Socket::INET")->new(@at) or die "$_: $!"; $udp{fileno $s} = $kind eq "udp"; push @all, $s }
my $select = IO::Select->new(@all);
while (1) { for my $s ($select->can_read) {
  if ($udp{fileno $s}) { my $from = recv($s, my $said, 2048, 0); send($s, "$host\n", 0, $from) if defined $from; next }
  my $c = $s->accept or next; if (fork) { close $c; next }
  my ($method, $path) = split / /, (<$c> // ""); my $length = 0; while (<$c>) { last if /^\r?$/; $length = $1 if /^content-length: *(\d+)/i }
  my $said = ""; read($c, $said, $length) if $length;
  my $body = "$host\n";
  if ($path =~ m{^/clientip}) { $body = $c->peerhost . ":" . $c->peerport }
  elsif ($path =~ m{^/echo}) { $body = "{\"body\":\"$ENV{BODY}\",\"method\":\"$method\"}" }
  elsif ($path =~ m{^/(write|set)}) { open my $f, ">>", "/tmp/kept"; print $f $said ne "" ? $said : $path =~ /[?&]value=(\w+)/ ? $1 : ""; $body = "kept" }
  elsif ($path =~ m{^/read}) { open my $f, "<", "/tmp/kept"; local $/; $body = defined $f ? (<$f> // "") : "" }
  print $c "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n" . ($method eq "HEAD" ? "" : $body); close $c; exit 0
} }`
export const serverCommand = (...places: readonly string[]): readonly string[] => ['perl', '-e', serverSource, ...places]

/** Asks the first nameserver of the pod over UDP and over TCP, and writes each answer's records as `NAME TYPE DATA`, or the code of a refusal. */
const resolverSource = String.raw`
use IO::Socket::INET; my ($name, $type) = @ARGV; my %number = (A => 1, CNAME => 5, PTR => 12, AAAA => 28, SRV => 33); my %word = reverse %number;
open my $f, "<", "/etc/resolv.conf"; my ($server) = map { /^nameserver (\S+)/ } <$f>;
my $query = pack("n6", 7, 0x100, 1, 0, 0, 0) . join("", map { pack("C/a", $_) } split /\./, $name) . pack("Cnn", 0, $number{$type}, 1);
sub name { my ($m, $at) = @_; my @l; my $end; while (my $n = ord substr $m, $at, 1) { if ($n >= 192) { $end //= $at + 2; $at = (unpack("n", substr $m, $at, 2)) & 0x3fff; next } push @l, substr $m, $at + 1, $n; $at += $n + 1 } return (join(".", @l), $end // $at + 1) }
for my $way ("udp", "tcp") {
  my $s = IO::Socket::INET->new(PeerAddr => $server, PeerPort => 53, Proto => $way, Timeout => 3) or die "$way: $!"; $SIG{ALRM} = sub { die "$way: no answer" }; alarm 5; my $m = "";
  if ($way eq "udp") { send $s, $query, 0; recv $s, $m, 4096, 0 } else { print $s pack("n/a", $query); $s->flush; read $s, my $n, 2; read $s, $m, unpack("n", $n) }
  my (undef, $flags, $q, $answers) = unpack "n4", $m; my (undef, $at) = name($m, 12); $at += 4; print "$way code ", $flags & 15, "\n" if $flags & 15;
  for (1 .. $answers) { (my $owner, $at) = name($m, $at); my ($t, undef, undef, $n) = unpack "nnNn", substr $m, $at, 10; $at += 10; my $d = substr $m, $at, $n;
    my $data = $t == 1 ? join ".", unpack "C4", $d : $t == 28 ? join ":", map { sprintf "%x", $_ } unpack "n8", $d : $t == 33 ? join(" ", (unpack "n3", $d)[2], (name($m, $at + 6))[0]) : (name($m, $at))[0]; print "$way $owner $word{$t} $data\n"; $at += $n }
}`
export const resolverCommand = (name: string, type: 'A' | 'AAAA' | 'CNAME' | 'SRV' | 'PTR'): readonly string[] => ['perl', '-e', resolverSource, name, type]

/** Sends a datagram and writes what comes back. */
const datagramSource = String.raw`use IO::Socket::IP; my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Proto => "udp") or die $!; $SIG{ALRM} = sub { exit 1 }; alarm 2; send $s, "hostname", 0; defined(recv $s, my $m, 2048, 0) or exit 1; print $m`
export const datagramCommand = (address: string, port: number): readonly string[] => ['perl', '-e', datagramSource, address, String(port)]
