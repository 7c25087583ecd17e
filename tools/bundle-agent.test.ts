import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AGENT_NODE_FLAGS } from '../src/agent/install-script.ts';
import { AGENT_VERSION } from '../src/agent/version.ts';
import { bundleAgent } from './bundle-agent.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fettle-bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the agent in one file', async () => {
  const first = await bundleAgent(path.join(folder, 'a.mjs'));
  const text = readFileSync(first.file, 'utf8');
  it('imports nothing but node’s own modules', () => {
    const imported = [...text.matchAll(/(?:from|import)\s*["']([^"']+)["']/g)].map(match => match[1]!);
    expect(imported.length).toBeGreaterThan(5);
    for (const name of imported) expect(builtinModules).toContain(name.replace(/^node:/, ''));
    expect(text).not.toMatch(/\bimport\(/);
  });
  it('is small, and the same from the same sources', async () => {
    expect(first.bytes).toBeLessThan(250_000);
    const again = await bundleAgent(path.join(folder, 'b.mjs'));
    expect(readFileSync(again.file)).toEqual(readFileSync(first.file));
  });
  it('starts with the flags that hosts start it with', () => {
    expect(execFileSync(process.execPath, [...AGENT_NODE_FLAGS, first.file, 'version'], { encoding: 'utf8' }).trim()).toBe(AGENT_VERSION);
  });
});
