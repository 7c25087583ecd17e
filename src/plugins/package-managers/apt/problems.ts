import type { FailureClass } from '../../../core/rollouts/host-plan.ts';
import type { ManagerProblem } from '../spec.ts';

/**
 * What apt and dpkg say -> result class (domain.md 2.11). Exit codes are no help: apt ends with 100 for all of these, and with 0 for some.
 * Messages as in apt 2.2 to 3.0 under LC_ALL=C.UTF-8. The first row that fits wins, so causes stand before their consequences.
 */
const MESSAGES: readonly { readonly pattern: RegExp; readonly class: FailureClass; readonly code: string }[] = [
  { pattern: /Could not get lock|Unable to (?:acquire|lock)|dpkg frontend lock was locked/, class: 'package-manager-locked', code: 'lock' },
  { pattern: /You don't have enough free space|No space left on device|not enough free disk space/i, class: 'disk-space', code: 'space' },
  // Somebody ended dpkg (memory ran out, a person): no fault of the packages. 137 is what a wrapper makes of SIGKILL.
  {
    pattern: /Sub-process \S*dpkg (?:received (?:a segmentation fault|signal \d+)|exited unexpectedly|returned an error code \(137\))/,
    class: 'interrupted',
    code: 'dpkg-killed',
  },
  { pattern: /Hash Sum mismatch|Hashes of expected file/i, class: 'digest-mismatch', code: 'hash' },
  {
    pattern:
      /installed (\S+) package (\S+) script subprocess returned error exit status|subprocess returned error exit status|error processing (?:package|archive)/,
    class: 'install-failed',
    code: 'script',
  },
  {
    pattern:
      /dpkg was interrupted|needs to be reinstalled, but|Try 'apt --fix-broken install'|dpkg: error: (?:parsing|failed)|status database area/,
    class: 'package-database-broken',
    code: 'database',
  },
  { pattern: /Held packages were changed/, class: 'held', code: 'held' },
  {
    pattern:
      /no longer signed|is not signed|NO_PUBKEY|BADSIG|EXPKEYSIG|signatures? (?:were|was|couldn't)|not valid (?:yet|anymore)|Release file .* (?:expired|is not valid)/i,
    class: 'repository-unavailable',
    code: 'signature',
  },
  {
    pattern:
      /Failed to fetch|Unable to fetch|Some index files failed|Could not resolve|Temporary failure resolving|Could not connect|Connection (?:timed out|refused|failed)|Unable to connect|Error reading from server|File has unexpected size/i,
    class: 'repository-unavailable',
    code: 'fetch',
  },
  {
    pattern: /Version '.*' for '.*' was not found|Unable to locate package|has no installation candidate/,
    class: 'transaction-differs',
    code: 'not-offered',
  },
  { pattern: /Packages need to be removed but remove is disabled|Packages were downgraded/, class: 'transaction-differs', code: 'guard' },
  {
    pattern: /unmet dependencies|held broken packages|Unable to correct problems|dependency problems/i,
    class: 'dependency-conflict',
    code: 'dependencies',
  },
  { pattern: /Sub-process .* (?:returned an error code|received)/, class: 'install-failed', code: 'dpkg' },
];

const HTTP_STATUS = /\b([45]\d\d) {2}[A-Z]/;
const SCRIPT = /installed (\S+) package (\S+) script subprocess (?:returned error exit status (\d+)|was killed)/;
const PROCESSING = /error processing (?:package|archive) (\S+)/;

/** Lines that carry the reason, in order, without apt's chatter. */
function tellingLines(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(
      line =>
        /^(?:E:|W:|Err:|dpkg: |subprocess |The following packages have unmet|.* : (?:Depends|Conflicts|Breaks|PreDepends):)/.test(line) ||
        SCRIPT.test(line),
    );
}

/** The problem that the output of an apt or dpkg run tells of; null when it tells of none. */
export function problemOf(text: string): ManagerProblem | null {
  const found = MESSAGES.find(row => row.pattern.test(text));
  if (!found) return null;
  const lines = tellingLines(text);
  const first = Math.max(
    0,
    lines.findIndex(line => found.pattern.test(line)),
  );
  const message = (lines.slice(first, first + 4).join('\n') || text.trim().split('\n').slice(-3).join('\n')).slice(0, 2000);
  return { class: found.class, message, signature: [found.class, ...details(text, found.code)].join(':') };
}

function details(text: string, code: string): string[] {
  const script = SCRIPT.exec(text);
  if (code === 'script' && script) return [bare(script[1]!), script[2]!, script[3] ?? 'killed'];
  if (code === 'script') return [bare(PROCESSING.exec(text)?.[1] ?? 'unknown'), 'dpkg'];
  const status = code === 'fetch' ? HTTP_STATUS.exec(text) : null;
  return status ? [code, status[1]!] : [code];
}

function bare(name: string): string {
  return name
    .replace(/:[a-z0-9]+$/, '')
    .replace(/^.*\//, '')
    .replace(/_.*$/, '');
}
