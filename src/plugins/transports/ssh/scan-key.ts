import { createHash } from 'node:crypto';
import { runChild } from '../child-process.ts';
import { HOST_ENVIRONMENT, TransportFault } from '../spec.ts';

interface HostKey {
  /** `TYPE BASE64`, what is pinned. */
  readonly key: string;
  readonly type: string;
  /** `SHA256:...` as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

const LINE = /^\S+ (ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) ([A-Za-z0-9+/=]+)$/;

export function fingerprintOf(key: string): string {
  const blob = key.split(' ')[1] ?? '';
  return `SHA256:${createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')}`;
}

export function parseScan(text: string): HostKey[] {
  return text.split('\n').flatMap(line => {
    const match = LINE.exec(line.trim());
    const key = match ? `${match[1]} ${match[2]}` : null;
    return key === null ? [] : [{ key, type: match![1]!, fingerprint: fingerprintOf(key) }];
  });
}

/** Asks a host for its keys, for a person to compare before they are pinned. Nothing is trusted by this. */
export async function scanKey(address: string, port: number, timeoutSeconds = 10): Promise<HostKey[]> {
  if (!/^[A-Za-z0-9]/.test(address))
    throw new TransportFault('bad-address', `not a host name or address: ${address}`, 'Write host names or IP addresses, one a line.');
  const argv = ['ssh-keyscan', '-T', String(timeoutSeconds), '-p', String(port), '-t', 'ed25519,ecdsa,rsa', '--', address];
  const result = await runChild(argv, {
    env: { PATH: HOST_ENVIRONMENT.PATH, LC_ALL: 'C.UTF-8' },
    stdin: null,
    timeoutMs: (timeoutSeconds + 5) * 1000,
    maxOutputBytes: 64_000,
  });
  const keys = parseScan(result.stdout);
  if (keys.length > 0) return keys;
  const said = result.stderr
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .at(-1);
  throw new TransportFault(
    'unreachable',
    `${address}: ${said ?? `no SSH server answered on port ${port}`}`,
    'Check that the host is up, that its address and port are right, and that a firewall lets this server in.',
  );
}
