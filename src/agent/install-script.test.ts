import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { AGENT_NODE_FLAGS, enrolCommand, installScript, refusalScript } from './install-script.ts';

const script = installScript({
  baseUrl: 'http://10.0.0.1:7430',
  agentSha256: 'a'.repeat(64),
  runtimes: [{ machine: 'x86_64', file: 'runtime-linux-x64.gz', sha256: 'b'.repeat(64) }],
});

describe('the installer', () => {
  it('is one line to paste', () =>
    expect(enrolCommand('https://f.example', 'fen_1')).toBe('curl -fsS https://f.example/agent/install.sh | sudo sh -s -- fen_1'));
  it('is POSIX shell', () => {
    for (const shell of ['sh', 'bash'])
      expect(spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
  it('runs nothing when the transfer breaks off before its last line', () => {
    const cut = script.slice(0, script.lastIndexOf('main "$@"'));
    for (const part of [cut, cut.slice(0, -40), cut.slice(0, 1500)]) {
      const run = spawnSync('/bin/sh', ['-s', '--', 'token'], { input: part, encoding: 'utf8', env: { PATH: '/nonexistent' } });
      expect(run.stdout).toBe('');
    }
  });
  it('carries what is checked, and the flags of the resident process', () => {
    expect(script).toContain(`AGENT_SUM=${'a'.repeat(64)}`);
    expect(script).toContain(`runtime_sum=${'b'.repeat(64)}`);
    for (const flag of AGENT_NODE_FLAGS) expect(script).toContain(flag);
    expect(script).not.toContain('FLAGS');
  });
  it('says what to do where it cannot work', () => {
    const run = spawnSync('sh', ['-s', '--'], {
      input: script,
      encoding: 'utf8',
      // Only root may become somebody else, and only root would be let in.
      ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
    });
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^fettle: this (must run as root|host does not run systemd)/);
  });
  it('hands a refusal over as text that a shell prints', () => {
    const run = spawnSync('sh', [], { input: refusalScript("can't `do` $it"), encoding: 'utf8' });
    expect(run).toMatchObject({ status: 1, stderr: "fettle: can't `do` $it\n" });
  });
});
