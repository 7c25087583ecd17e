import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

/** The lab: real Debian hosts of ../shared/lab/fleet-lab.sh. Everything a test does to a host behind Fettle's back goes through here. */
const exec = promisify(execFile);

export const script = process.env.FETTLE_LAB ?? path.resolve('../shared/lab/fleet-lab.sh');
export const fleetDir = process.env.FLEET_DIR ?? '/tmp/fleet-lab';
const net = process.env.FLEET_NET ?? '10.77';

export function whyNoLab(): string | null {
  if (process.getuid?.() !== 0) return 'the lab needs root';
  if (!existsSync(script)) return `there is no lab script at ${script} (set FETTLE_LAB)`;
  return null;
}

export const gateway = `${net}.0.1`;
export const address = (host: string) => `${net}.1.${Number(host.slice(1))}`;
export const keyFile = path.join(fleetDir, 'id_ed25519');

export async function fleet(...args: string[]): Promise<string> {
  const { stdout } = await exec('bash', [script, ...args], {
    env: { ...process.env, FLEET_DIR: fleetDir },
    maxBuffer: 64e6,
    timeout: 900_000,
  });
  return stdout;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One argv on a host as root, over the lab's own key. The remote shell sees each argument quoted. */
export async function on(host: string, ...argv: string[]): Promise<Ran> {
  const quoted = argv.map(arg => `'${arg.replaceAll("'", "'\\''")}'`).join(' ');
  const options = [
    '-q',
    '-i',
    keyFile,
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'ConnectTimeout=8',
    '-o',
    'BatchMode=yes',
  ];
  try {
    const { stdout, stderr } = await exec('ssh', [...options, `root@${address(host)}`, quoted], { maxBuffer: 64e6, timeout: 240_000 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string };
    return { code: typeof failed.code === 'number' ? failed.code : 255, stdout: failed.stdout ?? '', stderr: failed.stderr ?? '' };
  }
}

export async function must(host: string, ...argv: string[]): Promise<string> {
  const ran = await on(host, ...argv);
  if (ran.code !== 0) throw new Error(`${host}: ${argv.join(' ')} ended ${ran.code}: ${ran.stderr || ran.stdout}`);
  return ran.stdout;
}

/** A small script on the host, for faults only; the product never does this. */
export const sh = (host: string, text: string) => must(host, 'sh', '-ec', text);

export async function version(host: string, name: string): Promise<string> {
  return (await on(host, 'dpkg-query', '-W', '-f', '${Version}', name)).stdout.trim();
}

export async function installed(host: string): Promise<Map<string, string>> {
  const text = await must(host, 'dpkg-query', '-W', '-f', '${binary:Package}\\t${Version}\\t${Status}\\n');
  return new Map(
    text
      .trim()
      .split('\n')
      .map(row => row.split('\t'))
      .map(([name = '', v = '']) => [name, v]),
  );
}

export async function mirrorFault(match: string, mode: string, count?: number): Promise<void> {
  await fleet('fault', match, mode, ...(count === undefined ? [] : [String(count)]));
}

export const mirrorClear = () => fleet('fault', 'clear');

export async function until<T>(what: string, ms: number, probe: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Date.now() + ms;
  let last: unknown = null;
  for (;;) {
    try {
      const value = await probe();
      if (value !== null && value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`timed out after ${ms / 1000} s waiting for ${what}${last === null ? '' : `: ${String(last)}`}`);
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}
