import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GroupQuery, parseGroupQuery } from './group-query.ts';
import type { GroupHost } from './group-query-fields.ts';
import { compileGroupQuery, matchesGlob } from './group-query-match.ts';
import { printGroupQuery } from './group-query-print.ts';

const WEB: GroupHost = {
  id: 'host_1',
  name: 'web-01',
  address: '10.0.0.7',
  reach: 'ssh',
  platform: 'debian-12',
  osName: 'Debian GNU/Linux 12 (bookworm)',
  labels: { env: 'prod', team: 'Shop' },
  criticality: 'high',
  exposure: 'public',
  state: 'current',
  packages: 600,
  pendingPatches: 3,
  securityPatches: 2,
  openFindings: 12,
  knownExploited: 1,
  overdue: 0,
  heldPackages: 0,
  restartPending: true,
  rebootPending: false,
  packageVersions: name => (name === 'openssl' ? ['3.0.15-1~deb12u1'] : []),
};

function holds(query: string, host: GroupHost = WEB): boolean {
  const parsed = parseGroupQuery(query);
  if (!parsed.ok) throw new Error(`${parsed.problem.message} at ${parsed.problem.position}`);
  return compileGroupQuery(parsed.query)(host);
}

function problem(query: string): { message: string; position: number } {
  const parsed = parseGroupQuery(query);
  if (parsed.ok) throw new Error(`${query} was accepted`);
  return parsed.problem;
}

describe('group queries say what they seem to say', () => {
  it.each([
    ['', true],
    ['all', true],
    ['os = debian-12 and env = prod', true],
    ['os = debian-11 and env = prod', false],
    ['os = debian', true],
    ['os = debian:12', true],
    ['os = debian-1', false],
    ['os ~ debian-*', true],
    ['platform in (debian-11, debian-12)', true],
    ['os not in (debian-11, debian-12)', false],
    ['name ~ web*', true],
    ['name ~ web', false],
    ['name !~ db*', true],
    ['name = WEB-01', true],
    ['address ~ 10.0.*', true],
    ['reach = ssh or reach = agent', true],
    ['criticality in (vital, high)', true],
    ['not criticality in (vital, high)', false],
    ['kev = true', true],
    ['kev > 1', false],
    ['overdue = false', true],
    ['overdue = true', false],
    ['reboot = true', false],
    ['restart = yes and reboot != true', true],
    ['pending >= 3 and packages < 601', true],
    ['team = shop', true],
    ['"team" = "Shop"', true],
    ['label.env = prod', true],
    ['owner = ""', true],
    ['owner != anna', true],
    ['env != prod', false],
    ['package openssl', true],
    ['package nginx', false],
    ['package openssl < 3.0.15-1', true],
    ['package openssl >= 3.0.15-1', false],
    ['package openssl >= 1:0', false],
    ['package nginx != 1', false],
    ['osname ~ "*bookworm)"', true],
    ['env = test and name = nothing or reach = ssh', true],
    ['env = test and (name = nothing or reach = ssh)', false],
    ['not not env = prod', true],
  ])('%s', (query, expected) => expect(holds(query)).toBe(expected));

  it('tells a set label from an inherited property', () => {
    expect(holds('constructor = ""')).toBe(true);
    expect(holds('toString ~ "*native*"')).toBe(false);
  });
});

describe('problems name the place and what to write instead', () => {
  it.each([
    ['os debian-12', 3, 'expected =, !=, ~ or in after os'],
    ['os = debian-12 env = prod', 15, 'expected and, or, or the end'],
    ['reach = carrier-pigeon', 8, 'reach is one of local, agent, ssh, upload'],
    ['(os = debian-12', 0, 'this ( is not closed'],
    ['os = debian-12)', 14, 'this ) has no ('],
    ['os =', 4, 'expected a value for os, not the end'],
    ['env in prod', 7, 'expected ( after in'],
    ['env in (prod test)', 13, 'expected , or )'],
    ['and env = prod', 0, 'expected a field or label, not and'],
    ['name = "web', 7, 'a closing " is missing'],
    ["name = 'web'", 7, 'double quotes'],
    ['env > prod', 4, 'env has no order'],
    ['kev = some', 6, 'kev is a number'],
    ['reboot = 1', 9, 'reboot is true or false'],
    ['package < 3', 8, 'expected'],
    ['env = prod;', 10, 'cannot stand here'],
    ['not', 3, 'expected a field or label before the end'],
  ])('%s', (query, position, message) => {
    const found = problem(query);
    expect(found.message).toContain(message);
    expect(found.position).toBe(position);
  });

  it('refuses what is too long or too deep instead of running out of stack', () => {
    expect(problem('('.repeat(1_900)).message).toContain('levels');
    expect(problem('not '.repeat(400)).message).toContain('levels');
    expect(problem('x'.repeat(3_000)).message).toContain('longer than');
  });
});

const name = fc
  .stringMatching(/^[a-z][a-z0-9_.-]{0,10}$/)
  .filter(
    word =>
      !/^(and|or|not|in|all|package|label\..*|host|ip|platform|os|kev|reboot|restart|id|name|address|osname|reach|state|criticality|exposure|findings|overdue|pending|security|held|packages)$/.test(
        word,
      ) && !word.startsWith('label.'),
  );
const { query: anyQuery } = fc.letrec<{ query: GroupQuery }>(tie => ({
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<GroupQuery>({ kind: 'all' }),
    fc.record({
      kind: fc.constant('label' as const),
      name,
      operator: fc.constantFrom('=' as const, '!=' as const),
      values: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('text' as const),
      name: fc.constantFrom('name', 'os', 'address'),
      operator: fc.constantFrom('~' as const, '!~' as const),
      values: fc.tuple(fc.string()),
    }),
    fc.record({ kind: fc.constant('flag' as const), name: fc.constantFrom('reboot', 'restart'), value: fc.boolean() }),
    fc.record({
      kind: fc.constant('count' as const),
      name: fc.constantFrom('kev', 'pending'),
      operator: fc.constantFrom('<' as const, '>=' as const, '!=' as const),
      value: fc.nat(1000),
    }),
    fc
      .record({
        kind: fc.constant('package' as const),
        name,
        operator: fc.constantFrom(null, '<' as const, '=' as const),
        version: fc.constant('1.2-3'),
      })
      .map(query => (query.operator === null ? { ...query, version: '' } : query)),
    fc.record({ kind: fc.constant('not' as const), part: tie('query') }),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), parts: fc.array(tie('query'), { minLength: 2, maxLength: 3 }) }),
  ),
}));

describe('properties', () => {
  it('what is printed parses to the same query', () => {
    fc.assert(
      fc.property(anyQuery, query => {
        const text = printGroupQuery(query);
        fc.pre(text.length <= 2_000);
        expect(parseGroupQuery(text)).toEqual({ ok: true, query });
      }),
      { numRuns: 500 },
    );
  });

  it('any text is parsed or refused with a position inside it, and never throws', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          'and',
          'or',
          'not',
          'in',
          '(',
          ')',
          ',',
          '=',
          '!=',
          '~',
          'os',
          'env',
          'kev',
          'package',
          '"a b"',
          '3',
          'reach',
          'ssh',
          ' ',
        ),
        { maxLength: 15 },
      )
      .map(words => words.join(' '));
    fc.assert(
      fc.property(fc.oneof(soup, fc.string()), text => {
        const parsed = parseGroupQuery(text);
        if (parsed.ok) expect(typeof compileGroupQuery(parsed.query)(WEB)).toBe('boolean');
        else expect(parsed.problem.position).toSatisfy((at: number) => at >= 0 && at <= text.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it('not, and, or are those of logic', () => {
    fc.assert(
      fc.property(anyQuery, anyQuery, (a, b) => {
        const [isA, isB] = [compileGroupQuery(a)(WEB), compileGroupQuery(b)(WEB)];
        expect(compileGroupQuery({ kind: 'not', part: a })(WEB)).toBe(!isA);
        expect(compileGroupQuery({ kind: 'and', parts: [a, b] })(WEB)).toBe(isA && isB);
        expect(compileGroupQuery({ kind: 'or', parts: [a, b] })(WEB)).toBe(isA || isB);
      }),
    );
  });

  it('a pattern matches as the same regular expression does, and a hostile one takes no time', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*?]{0,8}$/), fc.stringMatching(/^[ab]{0,10}$/), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replace(/\*+/g, '.*').replace(/\?/g, '.')}$`);
        expect(matchesGlob(pattern, text)).toBe(expression.test(text));
      }),
      { numRuns: 2_000 },
    );
    const startedAt = performance.now();
    expect(matchesGlob(`${'*a'.repeat(900)}*b`, 'a'.repeat(2_000))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
