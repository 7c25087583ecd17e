/**
 * What runs on the host for as long as a connection lasts: it takes framed argument lists from its standard input, starts each program without any
 * shell, and sends output and exit back in frames. One `ssh`, `sudo`, login shell and `env` serve a whole job instead of one each per command
 * (measured: 25 to 35 ms of processor time a command, half of it on the host). Perl, because every Debian has it (perl-base is Essential) and
 * a POSIX shell can neither keep two streams apart nor watch several programs. It reads nothing from the disk after its start, so an upgrade of
 * perl or libc under it does no harm, and says so when its own files were replaced, to be begun anew.
 *
 * A frame: kind (1 byte), id and length (32 bits each, big end first), payload. To the host: `r` (milliseconds, bytes of output to keep or 0 for
 * all, count, then strings: input, argv) and `k` (end it). From the host: `h` (user id), `o`, `e` (output), `x` (code, signal, timed out,
 * truncated), `s` (not run: begin anew; `R` instead of `r` runs all the same). The end of input ends everything that runs, so a killed server leaves nothing behind.
 */
const LOOP = String.raw`
use strict; use POSIX (); use IO::Handle ();
my $ready = shift @ARGV;
$SIG{PIPE} = 'IGNORE'; $SIG{CHLD} = sub {}; $SIG{HUP} = $SIG{TERM} = $SIG{INT} = sub { leave() };
%ENV = map { split /=/, $_, 2 } @ARGV;
chdir '/';
binmode STDIN; binmode STDOUT;
my ($in, %kid, $born_stale) = ('');
my $tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());
sub now { (POSIX::times())[0] / $tick }
sub frame {
  my $f = pack('aNN', $_[0], $_[1], length $_[2]) . $_[2];
  while (length $f) {
    my $n = syswrite STDOUT, $f;
    if (defined $n) { substr($f, 0, $n, '') } elsif ($! != POSIX::EINTR()) { leave() }
  }
}
sub leave {
  $SIG{HUP} = $SIG{TERM} = $SIG{INT} = 'IGNORE';
  for my $sig ('TERM', 'KILL') {
    for my $k (values %kid) { kill $sig, -$k->{pid} unless $k->{done} }
    for (1 .. 50) {
      for my $k (values %kid) { $k->{done} = 1 if !$k->{done} && waitpid($k->{pid}, 1) != 0 }
      last unless grep { !$_->{done} } values %kid;
      select undef, undef, undef, 0.1;
    }
  }
  POSIX::_exit(0);
}
sub stale {
  for my $p ($$, $> == 0 ? getppid : ()) {
    open my $m, '<', "/proc/$p/maps" or next;
    while (<$m>) { return 1 if m{ r-xp .* /(?:usr|lib|bin|sbin).* \(deleted\)$} }
  }
  0;
}
sub begin {
  my ($id, $ms, $max, $input, @argv) = @_;
  pipe my $ir, my $iw or die; pipe my $or, my $ow or die; pipe my $er, my $ew or die;
  my $pid = fork;
  if (!defined $pid) { frame('e', $id, "fork: $!\n"); return frame('x', $id, '126 0 0 0') }
  if ($pid == 0) {
    setpgrp 0, 0;
    $SIG{$_} = 'DEFAULT' for qw(PIPE CHLD HUP TERM INT);
    POSIX::dup2(fileno $ir, 0); POSIX::dup2(fileno $ow, 1); POSIX::dup2(fileno $ew, 2);
    { no warnings; exec { $argv[0] } @argv }
    my $code = $! == POSIX::ENOENT() ? 127 : 126;
    my $said = "$argv[0]: $!\n";
    syswrite STDERR, $said;
    POSIX::_exit($code);
  }
  setpgrp $pid, $pid;
  close $_ for $ir, $ow, $ew;
  if (length $input) { $iw->blocking(0) } else { close $iw; undef $iw }
  $kid{$id} = { pid => $pid, until => now() + $ms / 1000, max => $max, w => $iw, input => $input, o => $or, e => $er, no => 0, ne => 0 };
}
sub input {
  my $n = sysread STDIN, $in, 65536, length $in;
  if (!defined $n) { return if $! == POSIX::EINTR(); leave() }
  leave() if $n == 0;
  while (length $in >= 9) {
    my ($kind, $id, $length) = unpack 'aNN', $in;
    last if length $in < 9 + $length;
    my $load = substr $in, 9, $length;
    substr $in, 0, 9 + $length, '';
    if ($kind eq 'k') { expire($kid{$id}) if $kid{$id}; next }
    next unless lc $kind eq 'r';
    if ($kind eq 'r' && !$born_stale && !%kid && stale()) { frame('s', $id, ''); next }
    my ($ms, $max, $count, @words) = unpack 'NNN(N/a*)*', $load;
    begin($id, $ms, $max, @words);
  }
}
sub expire { my $k = shift; $k->{expired} = 1; $k->{kill} = now() + 5; $k->{until} = 9e15; kill 'TERM', -$k->{pid} }
sub output {
  my ($id, $k, $s) = @_;
  my $n = sysread $k->{$s}, my $data, 65536;
  if (!defined $n) { return if $! == POSIX::EINTR(); $n = 0 }
  if ($n == 0) { close $k->{$s}; delete $k->{$s}; return }
  my $max = $s eq 'e' ? 256000 : $k->{max};
  my $room = $max == 0 ? $n : $max - $k->{"n$s"};
  $k->{"n$s"} += $n;
  $k->{truncated} = 1 if $room < $n && $s eq 'o';
  frame($s, $id, $room < $n ? substr($data, 0, $room) : $data) if $room > 0;
}
sub watch {
  my $now = now();
  for my $id (keys %kid) {
    my $k = $kid{$id};
    expire($k) if $now >= $k->{until};
    if ($k->{kill} && $now >= $k->{kill}) { kill 'KILL', -$k->{pid}; $k->{kill} = undef }
    if (!defined $k->{status} && waitpid($k->{pid}, 1) > 0) { $k->{status} = $?; $k->{ended} = $now }
    # A daemon that a program left behind may hold its output open for ever.
    next unless defined $k->{status} && (!($k->{o} || $k->{e}) || $now - $k->{ended} > 5);
    my ($code, $signal) = ($k->{status} >> 8, $k->{status} & 127);
    delete $kid{$id};
    frame('x', $id, join ' ', $code, $signal, $k->{expired} || 0, $k->{truncated} || 0);
  }
}
$born_stale = stale();
# A login shell may have said something before.
syswrite STDOUT, $ready;
frame('h', 0, "$>");
for (;;) {
  my ($r, $w) = ('', '');
  vec($r, fileno STDIN, 1) = 1;
  my $wait = 60;
  for my $k (values %kid) {
    $k->{$_} and vec($r, fileno $k->{$_}, 1) = 1 for qw(o e);
    vec($w, fileno $k->{w}, 1) = 1 if $k->{w};
    $wait = 1 if $wait > 1;
    $wait = 0.01 if !$k->{o} && !$k->{e};
  }
  my $found = select $r, $w, undef, $wait;
  if ($found > 0) {
    for my $id (keys %kid) {
      my $k = $kid{$id};
      for (qw(o e)) { output($id, $k, $_) if $k->{$_} && vec $r, fileno $k->{$_}, 1 }
      if ($k->{w} && vec $w, fileno $k->{w}, 1) {
        my $n = syswrite $k->{w}, $k->{input};
        substr($k->{input}, 0, $n, '') if $n;
        if (!length $k->{input} || (!$n && $! != POSIX::EAGAIN() && $! != POSIX::EINTR())) { close $k->{w}; delete $k->{w} }
      }
    }
    input() if vec $r, fileno STDIN, 1;
  }
  watch();
}
`;

/** The program comes over standard input, so that what sudo writes into the host's log stays one short line. */
const BOOTSTRAP = 'my($n,$p)=(shift,"");while(length$p<$n){sysread(STDIN,$p,$n-length$p,length$p)or exit 70}eval$p;die$@if$@';

export const LOOP_PROGRAM: Buffer = Buffer.from(LOOP, 'utf8');

/** `ready` is what it says before its first frame; `environment` is all that the programs it starts see of one. */
export function loopArgv(ready: string, environment: Readonly<Record<string, string>>): string[] {
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return ['perl', '-e', BOOTSTRAP, String(LOOP_PROGRAM.length), ready, ...words];
}
