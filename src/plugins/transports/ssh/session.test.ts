import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { HOST_ENVIRONMENT } from '../spec.ts';
import { type HostSession, openSession, SessionLost } from './session.ts';
import { LOOP_PROGRAM, loopArgv } from './session-loop.ts';
import { LOOP_OR_NOTHING } from './ssh.ts';

/** The real loop behind a plain child process: what ssh adds is a pipe. */
const hasPerl = spawnSync('perl', ['-e', '1']).status === 0;
const PLAIN = { timeoutMs: 10_000, maxOutputBytes: 1_000_000 };
const open: HostSession[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.close();
});

async function opened(argv: readonly string[] = loopArgv('READY', HOST_ENVIRONMENT)) {
  const start = { argv, env: { PATH: process.env.PATH! }, input: LOOP_PROGRAM, ready: 'READY', none: 'NONE', timeoutMs: 10_000 };
  const answer = await openSession(start);
  if (answer.kind !== 'ended') open.push(answer.session);
  return answer;
}

async function loop(): Promise<HostSession> {
  const answer = await opened();
  if (answer.kind !== 'open') throw new Error(JSON.stringify(answer));
  expect(answer.uid).toBe(process.getuid!());
  return answer.session;
}

const isAlive = (pid: number) => {
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0] : 'gone';
  return state !== 'gone' && state !== 'Z';
};

describe.skipIf(!hasPerl)('the loop at the other end of an SSH session (needs perl)', () => {
  it('hands over every argument exactly, with no shell between', async () => {
    const awkward = [
      '',
      ' ',
      "it's",
      '$(id)',
      '`id`',
      '\\',
      '\n',
      'a\nb',
      '-rf',
      '*',
      'é',
      '\u{1f600}',
      '\t',
      '"',
      ';',
      'x'.repeat(100_000),
    ];
    const answer = await (await loop()).run(['printf', '%s\\0', ...awkward], PLAIN);
    expect((answer as { stdout: string }).stdout.split('\0').slice(0, -1)).toEqual(awkward);
  });

  it('keeps streams, codes and signals apart, and shows only the given environment', async () => {
    const session = await loop();
    expect(await session.run(['sh', '-c', 'echo out; echo err >&2; exit 7'], PLAIN)).toMatchObject({
      code: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      timedOut: false,
    });
    expect(await session.run(['sh', '-c', 'kill -9 $$'], PLAIN)).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(await session.run(['no-such-program'], PLAIN)).toMatchObject({ code: 127 });
    expect(await session.run(['/etc/passwd'], PLAIN)).toMatchObject({ code: 126 });
    expect(await session.run(['sh', '-c', 'exit 255'], PLAIN)).toMatchObject({ code: 255 });
    const env = (await session.run(['env'], PLAIN)) as { stdout: string };
    expect(env.stdout.trim().split('\n').sort()).toEqual(
      Object.entries(HOST_ENVIRONMENT)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });

  it('passes input and bytes through, whole', async () => {
    const session = await loop();
    const text = 'line\n'.repeat(100_000);
    expect(await session.run(['wc', '-c'], { ...PLAIN, stdin: text })).toMatchObject({ stdout: `${text.length}\n` });
    const bytes = (await session.run(['printf', '\\000\\377\\001'], PLAIN)) as { stdoutBytes: Buffer };
    expect([...bytes.stdoutBytes]).toEqual([0, 255, 1]);
    expect(await session.run(['cat'], PLAIN)).toMatchObject({ code: 0, stdout: '' });
  });

  it('cuts output off at the limit, and tells all of it to a listener', async () => {
    const session = await loop();
    const cut = await session.run(['seq', '100000'], { ...PLAIN, maxOutputBytes: 10 });
    expect(cut).toMatchObject({ code: 0, stdout: '1\n2\n3\n4\n5\n', truncated: true });
    let heard = '';
    await session.run(['seq', '100000'], { ...PLAIN, maxOutputBytes: 1, onOutput: text => (heard += text) });
    expect(heard.trim().split('\n')).toHaveLength(100_000);
  });

  it('ends what is out of time with all that it started, and what is cancelled', async () => {
    const session = await loop();
    let pid = 0;
    const onOutput = (text: string) => (pid = Number(text));
    const late = await session.run(['sh', '-c', 'sleep 100 & echo $!; wait'], { ...PLAIN, timeoutMs: 300, onOutput });
    expect(late).toMatchObject({ code: null, timedOut: true });
    expect(isAlive(pid)).toBe(false);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const started = performance.now();
    await session.run(['sleep', '100'], { ...PLAIN, signal: stop.signal });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('does not wait for a daemon that keeps the output open', async () => {
    const session = await loop();
    const started = performance.now();
    const answer = await session.run(['sh', '-c', 'sleep 30 & echo $!'], { ...PLAIN, timeoutMs: 25_000 });
    expect(answer).toMatchObject({ code: 0, timedOut: false });
    expect(performance.now() - started).toBeLessThan(15_000);
    await session.run(['kill', (answer as { stdout: string }).stdout.trim()], PLAIN);
  }, 30_000);

  it('runs commands side by side', async () => {
    const session = await loop();
    const started = performance.now();
    const answers = await Promise.all(['1', '2', '3', '4'].map(n => session.run(['sh', '-c', `sleep 0.5; echo ${n}`], PLAIN)));
    expect(answers.map(a => (a as { stdout: string }).stdout.trim())).toEqual(['1', '2', '3', '4']);
    expect(performance.now() - started).toBeLessThan(1_900);
  });

  it('that goes away is told apart from a command that fails', async () => {
    const session = await loop();
    const loopPid = Number(((await session.run(['sh', '-c', 'echo $PPID'], PLAIN)) as { stdout: string }).stdout);
    const running = session.run(['sleep', '100'], PLAIN);
    process.kill(loopPid, 'SIGKILL');
    await expect(running).rejects.toBeInstanceOf(SessionLost);
    await expect(session.run(['true'], PLAIN)).rejects.toBeInstanceOf(SessionLost);
    expect(session.alive).toBe(false);
  });

  it('ends what it runs when its input ends: a killed server leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fettle-loop-'));
    try {
      const session = await loop();
      let pid = 0;
      const running = session.run(['sh', '-c', 'echo $$; exec sleep 100'], { ...PLAIN, onOutput: text => (pid = Number(text)) });
      running.catch(() => {});
      while (pid === 0) await wait(10);
      expect(isAlive(pid)).toBe(true);
      await session.close();
      expect(isAlive(pid)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is found behind whatever a login shell says first', async () => {
    const answer = await opened(['sh', '-c', 'echo Welcome; echo READ; exec "$@"', 'sh', ...loopArgv('READY', HOST_ENVIRONMENT)]);
    expect(answer.kind).toBe('open');
    if (answer.kind === 'open') expect(await answer.session.run(['echo', 'x'], PLAIN)).toMatchObject({ stdout: 'x\n' });
  });
});

describe('a host that cannot run the loop', () => {
  it('says so, and keeps the connection open until its input ends', async () => {
    const answer = await opened(['/bin/sh', '-c', `PATH=/nonexistent; ${LOOP_OR_NOTHING.replace('cat', '/bin/cat')}`, 'NONE', 'perl']);
    expect(answer.kind).toBe('no-loop');
    if (answer.kind === 'no-loop') expect(answer.session.alive).toBe(true);
  });
  it('or that refuses is told with what it said', async () => {
    const answer = await opened(['/bin/sh', '-c', 'echo "Permission denied (publickey)." >&2; exit 255']);
    expect(answer).toMatchObject({ kind: 'ended', result: { code: 255, stderr: 'Permission denied (publickey).\n' } });
  });
});
