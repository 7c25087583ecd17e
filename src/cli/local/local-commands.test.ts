import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MAX_LINE_CHARS } from '../../core/kernel/limits.ts';
import { bod2604 } from '../../core/priorities/decision-tables/bod-26-04.ts';
import type { LocalCommand } from './command.ts';
import * as cvss from './cvss.ts';
import * as decide from './decide.ts';
import * as versionOrder from './version-order.ts';

async function call(command: LocalCommand, args: string[], chunks: readonly (string | Buffer)[] = []) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const out = stdout.setEncoding('utf8').toArray();
  const err = stderr.setEncoding('utf8').toArray();
  const code = await command.run(args, {
    stdin: Readable.from(
      chunks.map(chunk => Buffer.from(chunk)),
      { objectMode: false },
    ),
    stdout,
    stderr,
  });
  stdout.end();
  stderr.end();
  return { code, out: (await out).join(''), err: (await err).join('') };
}

describe('fettle version-order', () => {
  it('answers a line per line, in order', async () => {
    const input = '1.0\t1.0-0\n1~rc1\t1\n1:1\t2\n1.0\n1 2\t1\n\t1\n';
    const { code, out } = await call(versionOrder, ['--scheme', 'deb'], [input]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      '=',
      '<',
      '>',
      'invalid: no tab between two versions',
      'invalid: "1 2": version string has embedded spaces',
      'invalid: "": version string is empty',
      '',
    ]);
  });

  it('does not care where the input is cut, nor about CRLF, a byte order mark or a missing last line feed', async () => {
    const whole = '\uFEFFv1.0.0-rc.1\t1.0.0\r\n2.0.0\t10.0.0\r\n1.0.0+é\t1.0.0';
    const expected = await call(versionOrder, ['-s', 'npm'], [whole]);
    expect(expected.out).toMatch(/^<\n<\ninvalid: "1\.0\.0\+é": /);
    const bytes = Buffer.from(whole);
    for (let at = 1; at < bytes.length; at++) {
      expect((await call(versionOrder, ['-s', 'npm'], [bytes.subarray(0, at), bytes.subarray(at)])).out).toBe(expected.out);
    }
  });

  it.each([
    ['debian', '1~\t1'],
    ['pypi', '1.0.dev1\t1.0'],
    ['ruby', '1.0.a\t1.0'],
    ['golang', 'v1.2.0-rc.1\tv1.2'],
    ['alpine', '1.0_rc1\t1.0'],
    ['arch', '1.0rc1-1\t1.0-1'],
    ['packagist', '1.0-beta1\t1.0'],
    ['maven', '2-SNAPSHOT\t2'],
    ['nuget', '1.0-RC\t1.0'],
    ['rpm', '1.0~rc1-1\t1.0-1'],
  ])('takes the name %s', async (name, line) => {
    expect((await call(versionOrder, ['--scheme', name], [`${line}\n`])).out).toBe('<\n');
  });

  it('answers with the exact comparer where a version has no key', async () => {
    expect((await call(versionOrder, ['-s', 'pacman'], ['1.0\t1.0-3\n1.0-1\t1.0-3\n'])).out).toBe('=\n<\n');
    expect((await call(versionOrder, ['-s', 'maven'], ['1-1\t1.1\n1.Final.1.1-SNAPSHOT\t1.Final\n'])).out).toBe('<\n>\n');
  });

  it('says what is wrong with its call', async () => {
    expect(await call(versionOrder, [])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--scheme is missing') });
    expect(await call(versionOrder, ['--scheme', 'constructor'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('no version scheme "constructor"'),
    });
    expect(await call(versionOrder, ['--shceme', 'deb'])).toMatchObject({
      code: 2,
      err: expect.stringContaining("Unknown option '--shceme'"),
    });
    expect(await call(versionOrder, ['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Usage: fettle version-order') });
  });

  it('answers a line without end by its beginning, fills no memory with it, and goes on', async () => {
    const endless = Array.from({ length: 40 }, () => '1'.repeat(MAX_LINE_CHARS / 10));
    const { code, out } = await call(versionOrder, ['-s', 'deb'], ['1\t2\n1\t', ...endless, '\n2\t1\n1\t', ...endless]);
    expect(code).toBe(0);
    expect(out.split('\n').map(line => line.slice(0, 12))).toEqual(['<', 'invalid: "11', '>', 'invalid: "11', '']);
  });

  it.each(['deb', 'rpm', 'maven'])('takes a third column for no part of a version (%s)', async scheme => {
    expect((await call(versionOrder, ['-s', scheme], ['1.0\t1.0\t=\n'])).out).toBe(
      'invalid: more than one tab, so more than two versions\n',
    );
  });
});

describe('fettle decide', () => {
  it('prints the outcome of every row of the table', async () => {
    const input = bod2604.rows.map(row => `${row.slice(0, -1).join('\t')}\n`).join('');
    const { out } = await call(decide, ['--table', 'bod-26-04'], [input]);
    expect(out.trimEnd().split('\n')).toEqual(bod2604.rows.map(row => row.at(-1)));
  });

  it('names what it assumed', async () => {
    expect((await call(decide, ['--table', 'bod-26-04'], ['no\tyes\t?\n'])).out).toBe(
      '3 days\tassumed: automatable=yes, technical-impact=total\n',
    );
    expect((await call(decide, ['--table', 'bod-26-04'], ['\t\t\t\n'])).out).toBe(
      '3 days\tassumed: in-kev=no, publicly-exposed=yes, automatable=yes, technical-impact=total\n',
    );
  });

  it('refuses what is not in the table', async () => {
    const { out } = await call(
      decide,
      ['--table', 'ssvc-deployer'],
      ['active\topen\tyes\tvery high\nactive\twide\tyes\tlow\na\tb\tc\td\te\n\n'],
    );
    expect(out.split('\n')).toEqual([
      'immediate',
      'invalid: exposure is "wide", not one of small, controlled, open, unknown',
      'invalid: 5 fields, the table has 4 columns',
      'invalid: empty line',
      '',
    ]);
  });

  it('prints the decision with its row as JSON', async () => {
    const { out } = await call(decide, ['--table', 'ssvc-coordinator', '--json'], ['PoC\tyes\ttotal\thigh\nx\n']);
    const [first, second] = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(first).toMatchObject({
      table: 'ssvc-coordinator',
      outcome: 'attend',
      row: 23,
      inputs: { exploitation: { value: 'public poc', assumed: false } },
    });
    expect(second).toEqual({ invalid: 'exploitation is "x", not one of none, public poc, active, unknown' });
  });

  it('lists the tables when asked for one that is not there', async () => {
    expect(await call(decide, ['--table', 'ssvc'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Tables: bod-26-04, ssvc-deployer'),
    });
    expect(await call(decide, ['--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('publicly-exposed: no | yes (unknown: yes)'),
    });
  });
});

describe('fettle cvss', () => {
  it('prints base, severity and the groups that the vector defines', async () => {
    const input = [
      'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
      'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/MAV:L',
      'CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:U',
      'AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C',
      'CVSS:3.1/AV:N',
    ];
    const { code, out } = await call(cvss, [], [input.join('\n')]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      '9.8\tCritical',
      '9.8\tCritical\ttemporal=9.3\tenvironmental=7.9',
      '7.3\tHigh\tthreat=4.1',
      '7.8\tHigh\ttemporal=6.4',
      'invalid: base metrics are missing: AC, PR, UI, S, C, I, A',
      '',
    ]);
  });

  it('prints JSON', async () => {
    const { out } = await call(cvss, ['--json'], ['CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:U\nx\n']);
    const [first, second] = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(first).toMatchObject({
      version: '4.0',
      base: 7.3,
      severity: 'High',
      threat: 4.1,
      environmental: null,
      overall: 4.1,
      overallSeverity: 'Medium',
    });
    expect(second).toEqual({ vector: 'x', invalid: '"x" is not METRIC:VALUE' });
  });
});
