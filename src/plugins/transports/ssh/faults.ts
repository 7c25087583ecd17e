import type { CommandResult } from '../../../core/kernel/commands.ts';
import { TransportFault, type TransportFaultCode } from '../spec.ts';

/** What OpenSSH's client says (9.2, LC_ALL=C) -> what happened. The first row that fits wins; anything else with code 255 is `unreachable`. */
const MESSAGES: readonly (readonly [RegExp, TransportFaultCode, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    'host-key-changed',
    'Find out why the host has a new key. If the host was reinstalled, remove it and add it again; if not, somebody may be in between.',
  ],
  [/No .* host key is known for|Host key verification failed/, 'host-key-unknown', 'Add the host again to see and pin its key.'],
  [
    /Permission denied|Too many authentication failures|no mutual signature|Load key .*: /,
    'authentication-refused',
    'Check the user name and that the key or password is the right one for this host.',
  ],
];

/** Null when `result` is an answer of the remote program and no failure of the connection. */
export function connectionFault(address: string, result: CommandResult): TransportFault | null {
  if (result.code !== 255 && !result.timedOut) return null;
  const said = result.stderr.trim();
  for (const [pattern, code, advice] of MESSAGES)
    if (pattern.test(said)) return new TransportFault(code, `${address}: ${summary(code)}`, advice, said);
  if (
    result.timedOut ||
    /ssh: |Connection (closed|reset|refused|timed out)|kex_exchange|mux_client|Broken pipe|banner|client_loop|port 65535|Timeout, server|not responding|lost connection/i.test(
      said,
    )
  ) {
    return new TransportFault(
      'unreachable',
      `${address}: ${result.timedOut ? 'no answer in time' : said.split('\n').at(-1)?.trim() || 'the connection failed'}`,
      'Check that the host is up, that its address and port are right, and that a firewall lets this server in.',
      said,
    );
  }
  return null;
}

function summary(code: TransportFaultCode): string {
  if (code === 'host-key-changed') return 'the host key is not the one that was pinned';
  if (code === 'host-key-unknown') return 'no host key is pinned for this host';
  return 'the host refused the user name, key or password';
}

export function sudoFault(address: string, result: CommandResult): TransportFault {
  const said = result.stderr.trim();
  const missing = result.code === 127;
  const reason = missing
    ? 'sudo is not installed'
    : /password is required|incorrect password|try again/i.test(said)
      ? 'sudo wants another password'
      : 'the user may not become root by sudo';
  return new TransportFault(
    'sudo-refused',
    `${address}: ${reason}`,
    'Give the user the right to run commands as root (for example `USER ALL=(ALL) NOPASSWD:ALL` in /etc/sudoers.d), or give the right sudo password.',
    said,
  );
}
