import type { Untouched } from '../../core/rollouts/rehearsal.ts';
import type { Transport } from '../../plugins/transports/spec.ts';

/** What the real system looks like at one moment: the proof that a rehearsal has left it alone. null: could not be read. */
export interface Fingerprint {
  readonly packages: string | null;
  readonly etc: ReadonlyMap<string, string> | null;
  readonly services: ReadonlyMap<string, string> | null;
}

const CALL = { timeoutMs: 120_000, asRoot: true } as const;

export async function fingerprint(transport: Transport, systemd: boolean): Promise<Fingerprint> {
  const status = await transport.run(['sha256sum', '--', '/var/lib/dpkg/status'], { ...CALL, maxOutputBytes: 1_000 });
  const etc = await transport.run(['find', '/etc', '-xdev', '-type', 'f', '-exec', 'sha256sum', '--', '{}', '+'], {
    ...CALL,
    maxOutputBytes: 4_000_000,
  });
  const units = systemd
    ? await transport.run(['systemctl', 'show', '--no-pager', '-p', 'Id,ActiveState,MainPID', '--', '*.service'], {
        ...CALL,
        maxOutputBytes: 1_000_000,
      })
    : null;
  return {
    packages: /^[0-9a-f]{64}/.exec(status.stdout)?.[0] ?? null,
    etc:
      etc.stdout === '' || etc.truncated
        ? null
        : new Map(etc.stdout.split('\n').flatMap(line => (line.length > 66 ? [[line.slice(66), line.slice(0, 64)] as const] : []))),
    services: units === null || units.code !== 0 ? null : serviceStates(units.stdout),
  };
}

/** Services with a main process. One-shot services of timers come and go by themselves and say nothing. */
function serviceStates(shown: string): Map<string, string> {
  const rows = shown.split(/\n{2,}/).flatMap(block => {
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
    return value('MainPID') === '0' || value('Id').startsWith('fettle-')
      ? []
      : [[value('Id'), `${value('ActiveState')} ${value('MainPID')}`] as const];
  });
  return new Map(rows);
}

const NAMED_MAX = 10;

export function compareFingerprints(before: Fingerprint, after: Fingerprint): Untouched {
  return {
    packages: before.packages === null || after.packages === null ? null : before.packages === after.packages,
    etc: differences(before.etc, after.etc),
    services: differences(before.services, after.services),
  };
}

function differences(before: ReadonlyMap<string, string> | null, after: ReadonlyMap<string, string> | null): string[] | null {
  if (before === null || after === null) return null;
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter(key => before.get(key) !== after.get(key))
    .sort()
    .slice(0, NAMED_MAX);
}
