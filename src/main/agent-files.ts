import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { enrolCommand, type InstallerFacts, installScript, refusalScript } from '../agent/install-script.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Node's word for a processor -> that of `uname -m`. Only platforms whose runtime npm installed here can be served. */
const MACHINES: readonly { readonly arch: string; readonly machine: string }[] = [
  { arch: 'x64', machine: 'x86_64' },
  { arch: 'arm64', machine: 'aarch64' },
];

interface AgentFile {
  readonly content: Readable;
  readonly type: string;
  readonly bytes: number;
}

interface AgentFiles {
  /** What GET /agent/install.sh answers; waits for the runtime, because a person has just been shown the command. */
  script(baseUrl: string): Promise<string>;
  command(baseUrl: string, token: string): string;
  /** Files below /agent/: `fettle-agent.mjs`, `runtime-linux-x64.gz`. null: there is no such file. */
  file(name: string): Promise<AgentFile | null>;
  /** When the runtime can be served; never rejects. */
  readonly ready: Promise<void>;
}

/** Compressing the runtime takes 6 to 20 s, once; curl waits as long as a server is silent. */
const RUNTIME_WAIT_MS = 90_000;

interface Served {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly sha256: string;
}

/**
 * Bundles the agent at once and compresses the pinned runtime in the background, once for each version of it; a server's start need not wait.
 * Files are served by stream: a ramp of hosts that enrol must not hold the runtime in memory once for each.
 */
export async function prepareAgentFiles(
  options: { readonly folder?: string; readonly onProgress?: (text: string) => void } = {},
): Promise<AgentFiles> {
  const folder = options.folder ?? path.join(root, 'dist/agent');
  await mkdir(folder, { recursive: true });
  const agent = await bundled(folder);
  const runtimes: { machine: string; served: Served }[] = [];
  let problem = 'the server is still preparing the runtime: run the same command again in half a minute';
  const ready = (async () => {
    for (const { arch, machine } of MACHINES) {
      const served = await compressedRuntime(folder, arch, options.onProgress);
      if (served) runtimes.push({ machine, served });
    }
    problem = '';
  })().catch((error: Error) => {
    problem = `the server could not prepare the runtime: ${error.message}`;
    options.onProgress?.(problem);
  });
  const facts = (): Omit<InstallerFacts, 'baseUrl'> => ({
    agentSha256: agent.sha256,
    runtimes: runtimes.map(r => ({ machine: r.machine, file: r.served.name, sha256: r.served.sha256 })),
  });
  return {
    async script(baseUrl) {
      await Promise.race([ready, setTimeout(RUNTIME_WAIT_MS, undefined, { ref: false })]);
      return problem === '' ? installScript({ baseUrl, ...facts() }) : refusalScript(problem);
    },
    command: enrolCommand,
    ready,
    async file(name) {
      const served = [agent, ...runtimes.map(r => r.served)].find(one => one.name === name);
      return served ? { content: createReadStream(served.path), type: served.type, bytes: (await stat(served.path)).size } : null;
    },
  };
}

async function bundled(folder: string): Promise<Served> {
  const file = path.join(folder, 'fettle-agent.mjs');
  const { bundleAgent } = await import('../../tools/bundle-agent.ts');
  // Two servers of one checkout may start at the same moment.
  const fresh = `${file}.new-${process.pid}`;
  await bundleAgent(fresh);
  await rename(fresh, file);
  return { name: 'fettle-agent.mjs', path: file, type: 'text/javascript', sha256: await sha256Of(file) };
}

/** Some seconds for 150 MB, so it is done once and the digest kept beside it; a changed runtime has another size or time. */
async function compressedRuntime(folder: string, arch: string, onProgress?: (text: string) => void): Promise<Served | null> {
  const binary = path.join(root, `node_modules/node-linux-${arch}/bin/node`);
  const source = await stat(binary).catch(() => null);
  if (source === null) return null;
  const name = `runtime-linux-${arch}.gz`;
  const file = path.join(folder, name);
  const stamp = `${source.size} ${source.mtimeMs}`;
  const kept = await readFile(`${file}.json`, 'utf8').then(
    text => JSON.parse(text) as { stamp: string; sha256: string; bytes: number },
    () => null,
  );
  const there = await stat(file).catch(() => null);
  if (kept?.stamp === stamp && there?.size === kept.bytes) return { name, path: file, type: 'application/gzip', sha256: kept.sha256 };
  onProgress?.('compressing the runtime for agents (once)');
  const fresh = `${file}.new-${process.pid}`;
  await pipeline(createReadStream(binary), createGzip({ level: 6 }), createWriteStream(fresh));
  const sha256 = await sha256Of(fresh);
  await rename(fresh, file);
  await writeFile(`${file}.json`, JSON.stringify({ stamp, sha256, bytes: (await stat(file)).size }));
  return { name, path: file, type: 'application/gzip', sha256 };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
