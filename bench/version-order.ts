import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { SCHEMES } from '../src/core/versions/catalog.ts';
import { compareVersions } from '../src/core/versions/scheme.ts';

/** `fettle version-order` as it is called from a shell, process start included, on lines whose versions are nearly all different (the worst case for its memory of keys). */
const LINES = 500_000;
const TARGET_LINES_PER_SECOND = 100_000;
const cli = path.resolve(import.meta.dirname, '../src/main/cli.ts');

const SHAPES: Readonly<Record<string, (n: number) => string>> = {
  deb: n => `${n % 7 ? '' : '1:'}${n % 40}.${n % 1003}.${n % 17}-${n % 9}+deb12u${n % 20}`,
  rpm: n => `${n % 3}:${n % 40}.${n % 1003}.${n % 17}-${n % 900}.el9_${n % 6}`,
  apk: n => `${n % 40}.${n % 1003}.${n % 17}_p${n % 5}-r${n % 11}`,
  pacman: n => `${n % 40}.${n % 1003}.${n % 17}-${n % 9}`,
  semver: n => `${n % 40}.${n % 1003}.${n % 17}-rc.${n % 11}`,
  pep440: n => `${n % 40}.${n % 1003}.${n % 17}rc${n % 11}`,
  maven: n => `${n % 40}.${n % 1003}.${n % 17}-rc-${n % 11}`,
  nuget: n => `${n % 40}.${n % 1003}.${n % 17}-rc.${n % 11}`,
  gem: n => `${n % 40}.${n % 1003}.${n % 17}.rc${n % 11}`,
  go: n => `v${n % 40}.${n % 1003}.${n % 17}-rc.${n % 11}`,
  composer: n => `${n % 40}.${n % 1003}.${n % 17}-RC${n % 11}`,
};

let missed = 0;
console.log(
  `${LINES.toLocaleString('en')} lines through a pipe, process start included; target ${TARGET_LINES_PER_SECOND.toLocaleString('en')} lines/s`,
);
for (const [scheme, shape] of Object.entries(SHAPES)) {
  const input = Array.from({ length: LINES }, (_, n) => `${shape(n)}\t${shape((n * 7919) % LINES)}\n`).join('');
  const started = performance.now();
  const answers = await pipeThrough(scheme, input);
  const seconds = (performance.now() - started) / 1000;
  const rate = Math.round(LINES / seconds);
  checkSample(scheme, shape, answers);
  if (rate < TARGET_LINES_PER_SECOND) missed++;
  console.log(`  ${scheme.padEnd(9)} ${rate.toLocaleString('en').padStart(9)} lines/s  (${seconds.toFixed(2)} s)`);
}
process.exitCode = missed === 0 ? 0 : 1;

async function pipeThrough(scheme: string, input: string): Promise<string[]> {
  const child = spawn(process.execPath, [cli, 'version-order', '--scheme', scheme], { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`version-order ended with ${code}`);
  return Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
}

/** A benchmark of wrong answers would be worth nothing. */
function checkSample(scheme: string, shape: (n: number) => string, answers: readonly string[]): void {
  if (answers.length !== LINES) throw new Error(`${answers.length} answers to ${LINES} lines`);
  for (let n = 0; n < LINES; n += 9973) {
    const order = compareVersions(SCHEMES[scheme as keyof typeof SCHEMES], shape(n), shape((n * 7919) % LINES));
    const expected = typeof order === 'object' ? 'invalid' : order < 0 ? '<' : order > 0 ? '>' : '=';
    if (answers[n] !== expected) throw new Error(`line ${n}: ${answers[n]}, expected ${expected}`);
  }
}
