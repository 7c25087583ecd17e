import { describe, expect, it } from 'vitest';
import { localTransport } from './local.ts';

const local = localTransport();
const limits = { timeoutMs: 10_000, maxOutputBytes: 1_000_000 };

describe('programs on this machine', () => {
  it('answers the exit code and both streams', async () => {
    const result = await local.run(['sh', '-c', 'echo out; echo err >&2; exit 3'], limits);
    expect(result).toMatchObject({ code: 3, signal: null, stdout: 'out\n', stderr: 'err\n', timedOut: false, truncated: false });
  });
  it('answers 127 for a program that is not there', async () => {
    expect((await local.run(['no-such-program-here'], limits)).code).toBe(127);
  });
  it('ends what takes too long', async () => {
    const started = Date.now();
    const result = await local.run(['sleep', '30'], { ...limits, timeoutMs: 200 });
    expect(result).toMatchObject({ code: null, timedOut: true });
    expect(Date.now() - started).toBeLessThan(6_000);
  });
  it('keeps no more output than asked and lets the program end', async () => {
    const result = await local.run(['head', '-c', '5000000', '/dev/zero'], { ...limits, maxOutputBytes: 1000 });
    expect(result.stdout.length).toBe(1000);
    expect(result).toMatchObject({ truncated: true, code: 0 });
  });
  it('hands input over and shows output as it comes', async () => {
    const seen: string[] = [];
    const result = await local.run(['cat'], { ...limits, stdin: 'grüße\n', onOutput: chunk => seen.push(chunk) });
    expect(result.stdout).toBe('grüße\n');
    expect(seen.join('')).toBe('grüße\n');
  });
  it('passes nothing of its own environment on', async () => {
    process.env.FETTLE_SECRET_OF_TEST = 'x';
    const result = await local.run(['env'], limits);
    expect(result.stdout).not.toContain('FETTLE_SECRET_OF_TEST');
    expect(result.stdout).toContain('DEBIAN_FRONTEND=noninteractive');
  });
  it('reads files of /proc, which say that they are empty', async () => {
    expect(Buffer.from((await local.readFile('/proc/self/status', 100_000))!).toString()).toContain('Name:');
    expect(await local.readFile('/nonexistent/x', 10)).toBeNull();
    expect((await local.readFile('/proc/self/status', 7))!.length).toBe(7);
  });
});
