import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageManagerOf } from '../../src/agent/collect.ts';
import { startJob } from '../../src/agent/execute.ts';
import type { Gateway } from '../../src/agent/gateway.ts';
import { fileJournal } from '../../src/agent/journal.ts';
import { InsideTransport } from '../../src/agent/rehearsal/inside.ts';
import { copiedMounts } from '../../src/agent/rehearsal/mounts.ts';
import { openSandbox } from '../../src/agent/rehearsal/sandbox.ts';
import { signEnvelope } from '../../src/core/evidence/envelope.ts';
import { HOST_PLAN_TYPE, type HostPlan, type JobResult, PERMIT_TYPE, type TransactionItem } from '../../src/core/rollouts/host-plan.ts';
import { converse, type Transport } from '../../src/plugins/transports/spec.ts';
import { sshTransport } from '../../src/plugins/transports/ssh/ssh.ts';
import { address, keyFile } from './fleet.ts';

/**
 * dpkg killed at a chosen system call of a real transaction on a lab host, and the agent's own executor set on what is left. Each point runs in a
 * throw-away copy of the host (the same copies that rehearsals use), so a thousand crashes leave it as it was. strace delivers the SIGKILL.
 */
export interface CrashPoint {
  /** Which of apt's calls of dpkg that change something, from 1. */
  readonly call: number;
  readonly syscall: string;
  /** The how-manieth of that call, from 1. */
  readonly when: number;
  /** apt is killed in the same moment: nobody is left to tidy up. */
  readonly aptToo: boolean;
}

export interface CrashOutcome {
  readonly point: CrashPoint;
  /** The kill really happened. */
  readonly hit: boolean;
  /** Nobody is needed: audit empty, nothing half done, apt works, and the job's word is true. */
  readonly healed: boolean;
  readonly result: JobResult;
  readonly wrong: readonly string[];
}

/** What dpkg does to its files; a write in between changes nothing that anybody reads. */
const SYSCALLS = ['rename', 'unlink', 'fsync', 'link', 'symlink', 'mkdir', 'chmod', 'fchmod', 'sync_file_range', 'ftruncate'];
const STRACE = '/usr/local/lib/fettle-lab/strace';
const CALL = { timeoutMs: 120_000, maxOutputBytes: 4_000_000, asRoot: true } as const;
const MEMORY_BYTES = 700_000_000;

/** Stands in for dpkg inside the copy: counts, or kills in the call and at the system call that /run/crash names. */
const WRAPPER = `#!/bin/sh
case " $* " in *" --unpack "*|*" --configure "*|*" --remove "*) ;; *) exec /usr/bin/dpkg "$@" ;; esac
n=$(cat /run/calls 2>/dev/null || echo 0); n=$((n+1)); echo $n >/run/calls
if [ -f /run/survey ]; then exec ${STRACE} -qq -o /run/trace.$n -e trace=$(cat /run/survey) /usr/bin/dpkg "$@"; fi
read -r call syscall when apt </run/crash || exec /usr/bin/dpkg "$@"
[ "$n" = "$call" ] || exec /usr/bin/dpkg "$@"
${STRACE} -qq -o /run/killed -e trace=$syscall -e inject=$syscall:signal=SIGKILL:when=$when /usr/bin/dpkg "$@"; rc=$?
[ "$apt" = no ] || kill -KILL $PPID
exit $rc
`;

export class CrashHost {
  readonly host: string;
  readonly transport: Transport;
  private readonly runtimeDir = mkdtempSync(path.join(tmpdir(), 'fc-'));
  private readonly key = generateKeyPairSync('ed25519').privateKey;
  private transaction: readonly TransactionItem[] = [];
  private number = 0;

  constructor(host: string) {
    this.host = host;
    const shown = execFileSync('ssh-keyscan', ['-t', 'ed25519', address(host)], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    const hostKeys = [shown.trim().split(' ').slice(1).join(' ')];
    const authentication = { kind: 'key', privateKey: readFileSync(keyFile, 'utf8') } as const;
    const target = { address: address(host), port: 22, user: 'root', authentication, sudo: 'none', hostKeys } as const;
    this.transport = sshTransport(target, { runtimeDir: this.runtimeDir });
  }

  /** Brings strace and the archives; answers the transaction that the host would make of these packages. */
  async prepare(names: readonly string[]): Promise<readonly TransactionItem[]> {
    await this.transport.connect();
    await this.bringStrace();
    const manager = await packageManagerOf(this.transport);
    const offered = await converse(this.transport, manager.candidates(await this.installed()));
    if (!offered.ok) throw new Error(offered.problem);
    const changes = names.flatMap(name => {
      const found = offered.value.candidates.find(candidate => candidate.name === name);
      return found === undefined ? [] : [{ name, arch: found.arch, version: found.version }];
    });
    const request = { changes, allowDowngrade: false };
    const simulated = await converse(this.transport, manager.simulate(request));
    if (!simulated.ok) throw new Error(simulated.problem.message);
    this.transaction = simulated.value.transaction;
    const all = this.transaction.map(item => ({ name: item.name, arch: item.arch, version: item.toVersion }));
    const fetched = await converse(this.transport, manager.download({ changes: all, allowDowngrade: false }));
    if (!fetched.ok) throw new Error(fetched.problem.message);
    return this.transaction;
  }

  private async installed() {
    const read = await converse(this.transport, (await packageManagerOf(this.transport)).packages());
    if (!read.ok) throw new Error(read.problem);
    return read.value;
  }

  /** The machine's own strace with its libraries, started by its own loader: the host needs nothing. */
  private async bringStrace(): Promise<void> {
    const libraries =
      execFileSync('ldd', ['/usr/bin/strace'])
        .toString()
        .match(/\/\S+\.so\S*/g) ?? [];
    const folder = path.dirname(STRACE);
    await this.write(this.transport, `${folder}/.keep`, '');
    for (const file of ['/usr/bin/strace', ...libraries]) {
      const name = file === '/usr/bin/strace' ? 'strace.bin' : path.basename(file);
      const text = readFileSync(file).toString('base64');
      const put = await this.transport.run(['sh', '-c', 'base64 -d >"$0" && chmod 755 "$0"', `${folder}/${name}`], {
        ...CALL,
        stdin: text,
      });
      if (put.code !== 0) throw new Error(put.stderr);
    }
    const loader = libraries.find(file => path.basename(file).startsWith('ld-')) ?? '';
    const script = `#!/bin/sh\nexec ${folder}/${path.basename(loader)} --library-path ${folder} ${folder}/strace.bin "$@"\n`;
    await this.write(this.transport, STRACE, script);
  }

  private async write(transport: Transport, file: string, text: string): Promise<void> {
    const wrote = await transport.run(['sh', '-c', 'mkdir -p "${0%/*}" && cat >"$0" && chmod 755 "$0"', file], { ...CALL, stdin: text });
    if (wrote.code !== 0) throw new Error(`${file}: ${wrote.stderr}`);
  }

  /** Every point at which dpkg could be killed in this transaction, in the order in which they come. */
  async survey(): Promise<Omit<CrashPoint, 'aptToo'>[]> {
    return await this.inCopy(async inside => {
      await this.write(inside, '/run/survey', SYSCALLS.join(','));
      const result = await this.job(inside);
      if (result.outcome !== 'succeeded' && result.failure?.class !== 'verify-failed') throw new Error(JSON.stringify(result.failure));
      const points: Omit<CrashPoint, 'aptToo'>[] = [];
      for (let call = 1; ; call++) {
        const trace = await inside.run(['cat', `/run/trace.${call}`], CALL);
        if (trace.code !== 0) return points;
        const seen = new Map<string, number>();
        for (const line of trace.stdout.split('\n')) {
          const syscall = /^(\w+)\(/.exec(line)?.[1];
          if (syscall === undefined) continue;
          seen.set(syscall, (seen.get(syscall) ?? 0) + 1);
          points.push({ call, syscall, when: seen.get(syscall)! });
        }
      }
    });
  }

  async crash(point: CrashPoint): Promise<CrashOutcome> {
    return await this.inCopy(async inside => {
      await this.write(inside, '/run/crash', `${point.call} ${point.syscall} ${point.when} ${point.aptToo ? 'yes' : 'no'}\n`);
      const result = await this.job(inside);
      const hit = (await inside.run(['grep', '-q', 'killed by SIGKILL', '/run/killed'], CALL)).code === 0;
      const wrong = [...(await this.disorder(inside)), ...(await this.lies(inside, result))];
      return { point, hit, healed: wrong.length === 0 && result.failure?.class !== 'needs-human', result, wrong };
    });
  }

  /** What a person would find wrong with the package database, by other means than the product's. */
  private async disorder(inside: Transport): Promise<string[]> {
    const audit = await inside.run(['dpkg', '--audit'], CALL);
    const check = await inside.run(['apt-get', 'check'], CALL);
    const left = await inside.run(['find', '/var/lib/dpkg/updates', '-type', 'f', '-name', '[0-9]*'], CALL);
    const list = await inside.run(['dpkg-query', '-W', '-f', '${db:Status-Abbrev} ${Package}\\n'], CALL);
    return [
      ...audit.stdout.split('\n').filter(Boolean),
      ...(check.code === 0 ? [] : [`apt-get check: ${check.stderr.trim()}`]),
      ...left.stdout.split('\n').filter(Boolean),
      ...list.stdout.split('\n').filter(line => line !== '' && !/^(?:[ih]i |rc )/.test(line)),
    ];
  }

  /** `succeeded` only with every planned version in place, and every other end with the versions that it names. */
  private async lies(inside: Transport, result: JobResult): Promise<string[]> {
    const list = await inside.run(['dpkg-query', '-W', '-f', '${Package}:${Architecture} ${Version}\\n'], CALL);
    const versions = new Map(list.stdout.split('\n').map(line => line.split(' ') as [string, string]));
    const target = this.transaction.filter(item => versions.get(`${item.name}:${item.arch}`) !== item.toVersion);
    const said = result.after.filter(row => versions.get(`${row.name}:${row.arch}`) !== (row.version ?? undefined));
    return [
      ...(result.outcome === 'succeeded' && target.length > 0
        ? [`said to have succeeded without ${target.map(item => item.name).join(', ')}`]
        : []),
      ...said.map(row => `${row.name} is said to be ${row.version}`),
    ];
  }

  private async inCopy<T>(work: (inside: Transport) => Promise<T>): Promise<T> {
    const mounts = copiedMounts(Buffer.from((await this.transport.readFile('/proc/self/mountinfo', 1_000_000)) ?? []).toString());
    if (!mounts.ok) throw new Error(mounts.problem);
    await this.transport.run(['install', '-d', '-m', '0700', '/var/lib/fettle-agent', '/var/lib/fettle-agent/jobs'], CALL);
    const opened = await openSandbox(this.transport, true, {
      mounts: mounts.mounts,
      limitBytes: MEMORY_BYTES,
      layer: 'memory',
      seconds: 600,
    });
    if (!opened.ok) throw new Error(opened.problem);
    try {
      const inside = new InsideTransport(this.transport, opened.sandbox);
      await this.write(inside, '/run/dpkg', WRAPPER);
      await this.write(inside, '/etc/apt/apt.conf.d/99crash', 'Dir::Bin::dpkg "/run/dpkg";\n');
      return await work(inside);
    } finally {
      await opened.sandbox.close();
    }
  }

  /** The shipped executor, with a gateway that grants every permit. */
  private async job(inside: Transport): Promise<JobResult> {
    this.number++;
    const now = Date.now();
    const plan: HostPlan = {
      version: 1,
      planId: `plan_${this.number}`,
      policyRoot: 1,
      installationId: 'lab',
      hostId: this.host,
      sequence: 1,
      jobId: `job_${this.number}`,
      attempt: 1,
      rolloutId: 'rollout_lab',
      rolloutPlanHash: 'lab',
      kind: 'patch',
      notBefore: new Date(now - 1000).toISOString(),
      notAfter: new Date(now + 600_000).toISOString(),
      transaction: this.transaction,
      restart: 'never',
      reboot: 'never',
      smokeTests: [],
    };
    const folder = mkdtempSync(path.join(this.runtimeDir, 'j'));
    const spki = createPublicKey(this.key).export({ format: 'der', type: 'spki' }).toString('base64');
    const handle = startJob(
      {
        transport: inside,
        manager: () => packageManagerOf(inside),
        gateway: this.gateway(),
        journal: await fileJournal(folder),
        clock: { now: () => new Date().toISOString() },
        trust: { hostId: this.host, installationId: 'lab', trustedKeys: [spki] },
        settings: { settleSeconds: 0, repositoryPauseSeconds: 0, lockWaitSeconds: 30 },
        signal: new AbortController().signal,
      },
      { jobId: plan.jobId, attempt: 1, envelope: signEnvelope(HOST_PLAN_TYPE, plan, this.key) },
    );
    const ended = await handle.finished;
    rmSync(folder, { recursive: true, force: true });
    if (ended === null) throw new Error('the job was left');
    return ended.result;
  }

  private gateway(): Gateway {
    return {
      events: async () => ({ cancelRequested: false }),
      permit: async (jobId, attempt, phase) => {
        const permit = { permitId: 'pmt_lab', jobId, attempt, hostId: this.host, phase, issuedAt: iso(0), expiresAt: iso(60_000) };
        return { permit: signEnvelope(PERMIT_TYPE, permit, this.key), refused: null };
      },
      result: async () => {},
    };
  }

  async close(): Promise<void> {
    await this.transport.close();
    rmSync(this.runtimeDir, { recursive: true, force: true });
  }
}

const iso = (ms: number) => new Date(Date.now() + ms).toISOString();

/** `count` points spread over all of them, every second one with apt killed too. */
export function spread(points: readonly Omit<CrashPoint, 'aptToo'>[], count: number): CrashPoint[] {
  const step = points.length / Math.min(count, points.length);
  return Array.from({ length: Math.min(count, points.length) }, (_, at) => ({ ...points[Math.floor(at * step)]!, aptToo: at % 2 === 1 }));
}
