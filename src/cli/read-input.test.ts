import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readInputText } from './read-input.ts';

const READ = `import { readInputText } from ${JSON.stringify(path.resolve(import.meta.dirname, 'read-input.ts'))}; process.stdout.write(readInputText('-'));`;

it('reads a pipe that is non-blocking, as one from ssh is, until its other end is closed', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fettle-input-'));
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reading = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(pipe, constants.O_WRONLY);
  const child = spawn(process.execPath, ['--input-type=module', '-e', READ], { stdio: [reading, 'pipe', 'inherit'] });
  closeSync(reading);
  for (const part of ['bash\t5.2.15-2+b2\n', 'x'.repeat(100_000), '\nend\n']) {
    await wait(150);
    for (let at = 0; at < part.length; ) at += writeSync(writing, part.slice(at, at + 4096));
  }
  closeSync(writing);
  expect(await text(child.stdout!)).toBe(`bash\t5.2.15-2+b2\n${'x'.repeat(100_000)}\nend\n`);
  rmSync(folder, { recursive: true });
});

it('reads a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fettle-input-'));
  writeFileSync(path.join(folder, 'hosts.txt'), 'web-1\n');
  expect(readInputText(path.join(folder, 'hosts.txt'))).toBe('web-1\n');
  rmSync(folder, { recursive: true });
});
