import type { RehearsalCheck, RehearsalCheckKind } from '../../core/rollouts/rehearsal.ts';

/** One thing to try in the copy. `subject` of `configuration` is a row of the table below, else a path. */
interface WantedCheck {
  readonly kind: RehearsalCheckKind;
  readonly subject: string;
}

/** The services' own tests of their configuration, run where the program exists. None of them starts a service. */
const CONFIGURATION_TESTS = [
  'nginx -t',
  'sshd -t',
  'apache2ctl -t',
  'haproxy -c -q -f /etc/haproxy/haproxy.cfg',
  'named-checkconf',
  'unbound-checkconf',
  'dnsmasq --test',
  'visudo -c',
  'rsyslogd -N1',
  'doveconf -n',
  'postfix check',
  'testparm -s',
  'squid -k parse',
  'slaptest -u',
  'mariadbd --help --verbose',
  'lighttpd -tt -f /etc/lighttpd/lighttpd.conf',
  'varnishd -C -f /etc/varnish/default.vcl',
  'keepalived --config-test',
  'stunnel4 -version',
  'php -v',
  'apt-get check',
] as const;

/** Programs that act on a whole system without looking at their options. */
const NOT_STARTED = /^(?:killall5?|reboot|halt|poweroff|shutdown|telinit|init|systemctl|systemd-.*|fsck.*|mkfs.*)$/;
const STARTS_MAX = 60;
const LIBRARIES_MAX = 120;

/** `files`: what the changed packages own. `running`: programs of running processes, which load changed libraries at their next start. */
export function wantedChecks(files: readonly string[], running: readonly string[]): WantedCheck[] {
  const programs = files.filter(file => /^(?:\/usr)?\/s?bin\/[^/]+$/.test(file));
  const starts = programs.filter(file => /^(?:\/usr)?\/bin\//.test(file) && !NOT_STARTED.test(file.split('/').at(-1)!));
  const libraries = [...new Set([...programs, ...running.filter(file => /^\/[^\s(]+$/.test(file))])];
  return [
    ...libraries.slice(0, LIBRARIES_MAX).map((subject): WantedCheck => ({ kind: 'libraries', subject })),
    ...starts.slice(0, STARTS_MAX).map((subject): WantedCheck => ({ kind: 'start', subject })),
    ...CONFIGURATION_TESTS.map((subject): WantedCheck => ({ kind: 'configuration', subject })),
  ];
}

/**
 * Constant text: pairs of KIND SUBJECT come as arguments, an answer is a line of four fields. Only words of the table above are split at blanks.
 * What does not exist gives no line; a script is no ELF file and has no libraries.
 */
const RUN = `o=/tmp/fettle-check; m=$(printf '\\177ELF')
while [ $# -gt 1 ]; do
  kind=$1 what=$2; shift 2
  case $kind in
    configuration) command -v "\${what%% *}" >/dev/null 2>&1 || continue; timeout -k 2 20 $what </dev/null >$o 2>&1; c=$? ;;
    libraries) [ -f "$what" ] && [ "$(head -c4 "$what" 2>/dev/null)" = "$m" ] || continue; timeout -k 2 10 ldd "$what" </dev/null >$o 2>&1; c=$?; grep -q 'not found' $o && { grep 'not found' $o >$o.n; mv $o.n $o; c=99; } ;;
    start) [ -f "$what" ] && [ -x "$what" ] || continue; timeout -k 1 3 "$what" --version </dev/null >$o 2>&1; c=$? ;;
  esac
  printf 'FETTLE-CHECK\\t%s\\t%s\\t%s\\t%s\\n' "$kind" "$what" "$c" "$(tail -c 300 $o | tr '\\n\\t\\000' '   ')"
done`;

export function checksArgv(checks: readonly WantedCheck[]): string[] {
  return ['sh', '-c', RUN, 'fettle-check', ...checks.flatMap(check => [check.kind, check.subject])];
}

/** 126 and 127: the loader could not; above 128: ended by a signal. A program that knows no --version has started all the same. */
const BROKEN_START: ReadonlySet<number> = new Set([126, 127, 132, 134, 135, 136, 139]);

export function parseChecks(output: string): RehearsalCheck[] {
  return output.split('\n').flatMap(line => {
    const [mark, kind, subject = '', code = '', said = ''] = line.split('\t');
    if (mark !== 'FETTLE-CHECK') return [];
    const passed = PASSES[kind as RehearsalCheckKind]?.(Number(code));
    return passed === undefined
      ? []
      : [{ kind: kind as RehearsalCheckKind, subject, passed, detail: passed ? '' : said.trim() || `code ${code}` }];
  });
}

const PASSES: Readonly<Record<RehearsalCheckKind, (code: number) => boolean>> = {
  start: code => !BROKEN_START.has(code),
  libraries: code => code !== 99,
  configuration: code => code === 0 || code === 124,
};

/** What failed in the same way before the change is not blamed on it, and is left out. */
export function judgeChecks(before: readonly RehearsalCheck[], after: readonly RehearsalCheck[]): RehearsalCheck[] {
  const failedBefore = new Set(before.filter(check => !check.passed).map(check => `${check.kind} ${check.subject}`));
  return after.filter(check => check.passed || !failedBefore.has(`${check.kind} ${check.subject}`));
}
