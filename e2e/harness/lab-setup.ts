import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { fleet, gateway, keyFile, must, sh, whyNoLab } from './fleet.ts';

declare module 'vitest' {
  interface ProvidedContext {
    lab: { readonly dataDir: string; readonly url: string; readonly port: number; readonly gateway: string; readonly key: string };
  }
}

/** Hosts of the story: half by agent, half by SSH; h05 and h06 are Debian 11. */
export const AGENT_HOSTS = ['h01', 'h02', 'h05'] as const;
export const SSH_HOSTS = ['h03', 'h04', 'h06'] as const;
export const HOSTS = ['h01', 'h02', 'h03', 'h04', 'h05', 'h06'] as const;

/** Brings the fleet up once. The lab suite never skips in CI: without a lab it fails and says why. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const reason = whyNoLab();
  if (reason !== null) throw new Error(`the lab suite cannot run: ${reason}`);
  await fleet('up', '4', 'debian12');
  await fleet('up', '6', 'debian11');
  await fleet('labrepo');
  await Promise.all(HOSTS.map(host => sh(host, 'apt-get -q update >/dev/null')));
  for (const host of HOSTS)
    await must(
      host,
      'apt-get',
      '-q',
      '-y',
      'install',
      'lab-hello=1.0',
      'lab-broken=1.0',
      'lab-conf=1.0',
      'lab-kernel=1.0',
      'lab-slow=1.0',
      'lab-held=1.0',
      'lab-svc=1.0',
      'lab-big=1.0',
    );
  // A past of its own for one host: an upgrade and its undoing, made before Fettle knew it.
  for (const version of ['1.1', '1.0']) await must('h01', 'apt-get', '-q', '-y', '--allow-downgrades', 'install', `lab-hello=${version}`);
  const dataDir = mkdtempSync(path.join(tmpdir(), 'fettle-lab-'));
  const port = 7400 + (process.pid % 300);
  project.provide('lab', { dataDir, url: `http://${gateway}:${port}`, port, gateway, key: readFileSync(keyFile, 'utf8') });
  writeFileSync(path.join(dataDir, 'started'), '');
  // The fleet stays up for the next suite; .ci/run takes it down.
  return async () => undefined;
}
