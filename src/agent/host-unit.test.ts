import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { localTransport } from '../plugins/transports/local/local.ts';
import { startUnit, unitOutput, unitState, wasStarted, watchUnit } from './host-unit.ts';

const folder = mkdtempSync(join(tmpdir(), 'fettle-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const transport = localTransport();
const unit = (name: string) => ({ name, log: join(folder, `${name}.log`) });
const program = (...argv: string[]) => ({ step: 'x', title: 'x', argv });
const watching = (seen: string[] = []) => ({ seconds: 30, onOutput: (text: string) => void seen.push(text) });

/** The way of hosts without systemd, with real programs; the way with systemd is tried on the lab's hosts. */
describe('a detached program', () => {
  it('is followed to its end, with output and exit code', async () => {
    const seen: string[] = [];
    expect(await unitState(transport, unit('a'), false)).toMatchObject({ state: 'absent' });
    expect(await startUnit(transport, unit('a'), program('sh', '-c', 'echo one; sleep 0.4; echo two; exit 3'), false)).toBe('started');
    expect(await watchUnit(transport, unit('a'), false, watching(seen))).toMatchObject({ state: 'ended', code: 3, killed: false });
    expect(seen.join('')).toBe('one\ntwo\n');
    expect(await unitOutput(transport, unit('a'))).toBe('one\ntwo\n');
    expect(await wasStarted(transport, unit('a'))).toBe(true);
  });
  it('is never started a second time under its name', async () => {
    const mark = join(folder, 'marks');
    for (let n = 0; n < 3; n++) await startUnit(transport, unit('b'), program('sh', '-c', 'echo x >> "$0"', mark), false);
    await watchUnit(transport, unit('b'), false, watching());
    expect(readFileSync(mark, 'utf8')).toBe('x\n');
  });
  it('outlives who started it', async () => {
    await startUnit(transport, unit('c'), program('sleep', '1'), false);
    expect(await unitState(transport, unit('c'), false)).toMatchObject({ state: 'running' });
    const leave = new AbortController();
    setTimeout(() => leave.abort(), 200);
    expect(await watchUnit(transport, unit('c'), false, { ...watching(), signal: leave.signal })).toBe('left');
    expect(await watchUnit(transport, unit('c'), false, watching())).toMatchObject({ state: 'ended', code: 0 });
  });
  it('is seen as killed when it was', async () => {
    await startUnit(transport, unit('d'), program('sleep', '30'), false);
    const { pid } = await unitState(transport, unit('d'), false);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    process.kill(pid, 'SIGKILL');
    for (const child of children) process.kill(child, 'SIGKILL');
    expect(await watchUnit(transport, unit('d'), false, watching())).toMatchObject({ state: 'ended', killed: true });
  });
  it('is not ended when it takes too long, only reported', async () => {
    await startUnit(transport, unit('e'), program('sleep', '2'), false);
    expect(await watchUnit(transport, unit('e'), false, { ...watching(), seconds: 0.2 })).toBe('timed-out');
    expect(await unitState(transport, unit('e'), false)).toMatchObject({ state: 'running' });
  });
});
