import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AGENT_NODE_FLAGS } from '../src/agent/install-script.ts';
import { startTestServer } from '../src/agent/test-server.ts';
import { bundleAgent } from '../tools/bundle-agent.ts';

/**
 * What the resident agent costs the host that it looks after: memory and processor while idle, after a first inventory of this machine, with our
 * flags and with none. Memory is read from the kernel: RSS counts node's own program text, which is clean and shared by every node on the machine;
 * private dirty is what this process alone holds and the kernel cannot drop.
 */
const IDLE_SECONDS = Number(process.env.FETTLE_BENCH_IDLE_SECONDS ?? 20);
if (process.getuid?.() !== 0) {
  console.log('skipped: the agent runs as root only');
  process.exit(0);
}

const folder = mkdtempSync(path.join(tmpdir(), 'fettle-bench-agent-'));
const bundle = await bundleAgent(path.join(folder, 'fettle-agent.mjs'));
console.log(
  `bundle: ${Math.round(bundle.bytes / 1000)} kB from ${bundle.inputs.length} files; runtime ${Math.round(statSync(process.execPath).size / 1e6)} MB`,
);

function memory(pid: number): { rssMb: number; pssMb: number; privateMb: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return { rssMb: kb('Rss') / 1024, pssMb: kb('Pss') / 1024, privateMb: kb('Private_Dirty') / 1024 };
}

/** Processor time of the process and of the programs that it ran, in milliseconds. */
function cpuMs(pid: number): { own: number; programs: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const ticks = (at: number) => Number(fields[at]) * 10;
  return { own: ticks(11) + ticks(12), programs: ticks(13) + ticks(14) };
}

async function measure(name: string, flags: readonly string[]): Promise<void> {
  const server = await startTestServer({ holdMs: 50_000 });
  server.tokens.add('once');
  const state = path.join(folder, name.replaceAll(' ', '-'));
  const run = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [...flags, bundle.file, ...args, '--state', state], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1' },
    });
  await new Promise(resolve => run('enrol', '--server', server.url, '--token', 'once').on('exit', resolve));
  // This machine's indexes stay as they are: a refresh is not what is measured.
  writeFileSync(
    path.join(state, 'reported.json'),
    JSON.stringify({ digests: null, historyThrough: null, refreshedAt: new Date().toISOString() }),
  );
  const started = performance.now();
  const agent = run('run');
  try {
    while (server.reports.length === 0) {
      if (agent.exitCode !== null || performance.now() - started > 180_000) throw new Error('no report came');
      await wait(50);
    }
    const reported = Math.round(performance.now() - started);
    const report = server.reports[0] as { packages?: unknown[]; candidates?: unknown[] };
    const first = cpuMs(agent.pid!);
    await wait(3_000);
    const before = cpuMs(agent.pid!);
    await wait(IDLE_SECONDS * 1000);
    const { rssMb, pssMb, privateMb } = memory(agent.pid!);
    const idle = (cpuMs(agent.pid!).own - before.own) / IDLE_SECONDS;
    console.log(
      `${name}: idle RSS ${rssMb.toFixed(1)} MB, PSS ${pssMb.toFixed(1)} MB, private dirty ${privateMb.toFixed(1)} MB, ${idle.toFixed(2)} ms CPU a second; first inventory (${report.packages?.length} packages, ${report.candidates?.length ?? 0} candidates) after ${reported} ms, ${first.own} ms CPU of its own, ${first.programs} ms of apt and other programs`,
    );
  } finally {
    agent.kill('SIGKILL');
    await server.close();
  }
}

try {
  await measure('our flags', AGENT_NODE_FLAGS);
  await measure('no flags', ['--disable-warning=ExperimentalWarning']);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
