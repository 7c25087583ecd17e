import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSshAddresses } from './ssh-addresses.ts';

describe('lists of SSH addresses', () => {
  it('reads every form', () => {
    const { targets, problems } = parseSshAddresses(
      '# web servers\nweb-01\nops@web-02.example.org:2222   # behind the balancer\r\n\n10.0.0.7\n[2001:db8::1]:22\n2001:db8::2\nssh://root@db_1/\n',
      'admin',
    );
    expect(problems).toEqual([]);
    expect(targets).toEqual([
      { address: 'web-01', port: 22, user: 'admin' },
      { address: 'web-02.example.org', port: 2222, user: 'ops' },
      { address: '10.0.0.7', port: 22, user: 'admin' },
      { address: '2001:db8::1', port: 22, user: 'admin' },
      { address: '2001:db8::2', port: 22, user: 'admin' },
      { address: 'db_1', port: 22, user: 'root' },
    ]);
  });

  it.each([
    ['10.0.0.256', 'is no host name or address'],
    ['10.0.0', 'is no host name or address'],
    ['web:0', 'is no port'],
    ['web:ssh', 'is no port'],
    ['web:70000', 'is no port'],
    ['-oProxyCommand=id', 'is no host name or address'],
    ['a@-b@host', 'is no user name'],
    ['web-01 web-02', 'one address a line'],
    ['web-01,web-02', 'one address a line'],
    ['ops@', 'the host is missing'],
    ['$(id)', 'is no host name or address'],
  ])('says what is wrong with %s', (entry, message) => {
    const { targets, problems } = parseSshAddresses(`ok-host\n${entry}`, 'admin');
    expect(targets.map(target => target.address)).toEqual(['ok-host']);
    expect(problems).toEqual([{ line: 2, message: expect.stringContaining(message) }]);
  });

  it('names the first line of a repeated address and judges all lines', () => {
    expect(parseSshAddresses('web\nroot@WEB:22\nb@d!', 'admin').problems.map(problem => [problem.line, problem.message])).toEqual([
      [2, 'web:22 stands in line 1 already'],
      [3, 'b@d!: "d!" is no host name or address'],
    ]);
    expect(parseSshAddresses('  \n# nothing', 'admin').problems[0]?.message).toContain('the list is empty');
  });

  it('lets nothing through that a program could take for an option or a command', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, user) => {
        for (const target of parseSshAddresses(text, user).targets) {
          expect(target.address).toMatch(/^[a-z0-9:][a-z0-9:._%-]*$/i);
          if (target.user !== user) expect(target.user).toMatch(/^[a-z_]/i);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
