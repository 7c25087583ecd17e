import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { api } from '../api/index.ts';
import { EXIT } from './failure.ts';
import { commands, runProgram } from './program.ts';
import { makeScreen, plain } from './screen.ts';

async function call(...argv: string[]) {
  let [out, err] = ['', ''];
  const code = await runProgram(argv, { out: text => (out += text), err: text => (err += text), columns: 200 });
  return { code, out, err };
}

describe('fettle', () => {
  it('teaches by --help: every command is listed and has a page of its own', async () => {
    expect((await call('--help')).out).toContain('Start here');
    for (const command of commands) {
      const page = await call(...command.name.split(' '), '--help');
      expect(page.code, command.name).toBe(EXIT.done);
      expect(page.out, command.name).toContain(command.summary.slice(0, 20));
      expect(page.out, command.name).toContain('--json');
    }
  });

  it('has one name per command', () => {
    const names = commands.map(command => command.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('covers every action of the API that people take', () => {
    const sources = commands.map(command => command.run.toString()).join('\n');
    const elsewhere =
      /^(agent|setup|session|invitation(Accept|Delete)|password|rolloutStream|rolloutUpdate|jobGet|hostHistory|groupUpdate)/;
    const missing = Object.keys(api).filter(name => !elsewhere.test(name) && !sources.includes(`client.${name}(`));
    expect(missing).toEqual([]);
  });

  it('says of how many records those that it shows are the first', () => {
    let out = '';
    const screen = makeScreen(text => void (out += text), 200);
    const items = Array.from({ length: 100 }, (_, at) => ({ part: '', record: `line ${at + 1}`, reason: 'no JSON' }));
    commands.find(command => command.name === 'feed put-aside')!.render({ items, total: 5_000 } as never, screen);
    expect(out).toContain('100 of 5000 records put aside');
  });

  it('says what to do when the server is not there, the call is wrong, or the server refuses', async () => {
    expect(await call('host', 'list', '--server', 'http://127.0.0.1:9')).toMatchObject({
      code: EXIT.unreachable,
      err: expect.stringContaining('npm start'),
    });
    expect(await call('host', 'list', '--page', 'two')).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('whole number') });
    expect(await call('rollout', 'creat')).toEqual({
      code: EXIT.usage,
      out: '',
      err: "fettle: unknown command 'creat'\n(Did you mean create?)\nSee `fettle rollout --help`.\n",
    });
    expect(await call('host', 'list', '--server', 'nonsense')).toMatchObject({
      code: EXIT.usage,
      err: expect.stringContaining('"nonsense" is no address'),
    });
    const server = createServer((_request, response) =>
      response
        .writeHead(401, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify({ type: 'about:blank', title: 'Not signed in', status: 401, code: 'not-signed-in' })),
    );
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const refused = await call('host', 'list', '--server', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.close();
    expect(refused).toMatchObject({ code: EXIT.refused, err: expect.stringContaining('fettle login') });
  });

  it('names the option that the server refuses, not the field that it became', async () => {
    const server = createServer((_request, response) =>
      response.writeHead(400, { 'content-type': 'application/problem+json' }).end(
        JSON.stringify({
          type: 'about:blank',
          title: 'The request is not valid',
          status: 400,
          code: 'invalid-input',
          detail: 'query/pageSize must be <= 500',
          advice: 'Correct the field and send it again.',
          fields: [{ path: 'query/pageSize', message: 'must be <= 500' }],
        }),
      ),
    );
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const refused = await call(
      'host',
      'list',
      '--page-size',
      '501',
      '--server',
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    server.close();
    expect(refused).toEqual({
      code: EXIT.refused,
      out: '',
      err: 'fettle: --page-size: must be <= 500\nCorrect the field and send it again.\n',
    });
  });

  it('drops terminal escapes from host data', () => {
    expect(plain('a\u001b[31mred\u009b0m\u202eb')).toBe('a[31mred0mb');
  });
});
