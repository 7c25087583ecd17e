import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RolloutSpecInput } from '../../api/rollout-spec.ts';
import { brokenInvariants } from './history-check.ts';
import { hostPattern, measure } from './prometheus.ts';
import { ada, grace, Story } from './test-story.ts';

type Health = NonNullable<NonNullable<RolloutSpecInput['rings']>[number]['health']>;

/** The HTTP API of Prometheus, as its documentation has it, with an answer that a test sets. */
function prometheus(): { server: Server; url: () => string; answer: unknown; asked: string[] } {
  const state = { answer: null as unknown, asked: [] as string[] };
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://x');
    state.asked.push(url.searchParams.get('query')!);
    const answer = typeof state.answer === 'function' ? (state.answer as (query: string) => unknown)(state.asked.at(-1)!) : state.answer;
    response
      .writeHead(url.pathname === '/prom/api/v1/query' ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  return Object.assign(state, { server, url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/prom` });
}
const vector = (...values: string[]) => ({
  status: 'success',
  data: { resultType: 'vector', result: values.map(value => ({ metric: {}, value: [1, value] })) },
});

describe('Prometheus', () => {
  it('answers with one number, or says why not', async () => {
    const fake = prometheus();
    await new Promise(resolve => fake.server.once('listening', resolve));
    const ask = async (answer: unknown) => {
      fake.answer = answer;
      return await measure(fake.url(), 'up == 0');
    };
    expect(await ask(vector('1.5'))).toEqual({ ok: true, value: 1.5 });
    expect(await ask({ status: 'success', data: { resultType: 'scalar', result: [1, '2'] } })).toEqual({ ok: true, value: 2 });
    expect(await ask(vector('NaN'))).toEqual({ ok: true, value: Number.NaN });
    expect(await ask(vector())).toEqual({ ok: false, problem: 'no data' });
    expect(await ask(vector('1', '2'))).toMatchObject({ problem: expect.stringContaining('2 series') });
    expect(await ask({ status: 'error', error: 'parse error' })).toEqual({ ok: false, problem: 'parse error' });
    expect(await ask('nonsense')).toMatchObject({ ok: false });
    expect(fake.asked[0]).toBe('up == 0');
    const url = fake.url();
    await new Promise(resolve => fake.server.close(resolve));
    expect(await measure(url, 'x')).toMatchObject({ problem: expect.stringContaining('does not answer') });
    expect(await measure(null, 'x')).toMatchObject({ ok: false });
  });

  it('gets host names that mean only themselves', () => {
    const pattern = hostPattern(['a.example', 'b+1', 'c-2']);
    expect(pattern).toBe('a[.]example|b[+]1|c-2');
    expect(new RegExp(`^(?:${pattern})$`).test('axexample')).toBe(false);
  });
});

describe('a gate that asks for health', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(6);
    for (const host of story.hosts) story.healthy.add(host.id);
  });
  afterEach(() => story.end());

  const rings = (health: Health) => [
    { name: 'canary', hosts: 2, concurrency: 2, soakMinutes: 5, health },
    { name: 'rest', percent: 100, concurrency: 9 },
  ];
  const units: Health = [{ kind: 'hosts', signal: 'failed-units' }];

  it('passes when the canary is as well as the hosts that nobody has touched', async () => {
    const id = await story.started({ rings: rings(units) });
    const done = await story.until(id, ['completed', 'paused']);
    expect(done.rollout.state).toBe('completed');
    expect(done.rings[0]!.gates.at(-1)).toMatchObject({
      verdict: 'pass',
      metrics: [
        {
          name: 'failed-units',
          verdict: 'successful',
          text: '0 of 2 hosts have failed units; 4 untouched hosts are too few to compare with',
        },
      ],
    });
  });

  it('fails when a unit fails during the soak, although every job succeeded; a second person may go on, once and for all', async () => {
    const id = await story.started({ rings: rings(units) });
    await story.turn();
    for (const job of (await story.jobRows(id)).filter(one => one.ringIndex === 0)) story.failing.add(job.hostId);
    const stopped = await story.until(id, ['completed', 'paused']);
    expect([stopped.rollout.state, stopped.rings[0]!.state]).toEqual(['paused', 'failed']);
    expect(stopped.rollout.stateReason).toMatch(
      /failed-units: 2 of 2 hosts have failed units; 4 untouched hosts are too few to compare with/,
    );
    expect(story.hosts.filter(host => host.applied > 0)).toHaveLength(2);
    await story.act(id, 'resume', grace, { reason: 'known, unrelated' });
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('is inconclusive where hosts say nothing, and shows what a dry run would have said', async () => {
    for (const host of story.hosts) story.healthy.delete(host.id);
    const dry = await story.started({
      rings: rings([{ kind: 'hosts', signal: 'failed-units', dryRun: true }]),
      selector: { hostIds: ['host_h1', 'host_h2', 'host_h3'] },
    });
    const shown = await story.until(dry, ['completed', 'paused']);
    expect([shown.rollout.state, shown.rings[0]!.gates[0]!.metrics[0]!.verdict]).toEqual(['completed', 'inconclusive']);
    const id = await story.started({ rings: rings(units), selector: { hostIds: ['host_h4', 'host_h5', 'host_h6'] } });
    const stopped = await story.until(id, ['completed', 'paused']);
    expect([stopped.rings[0]!.state, stopped.rollout.stateReason]).toEqual(['gate-pending', expect.stringContaining('say nothing')]);
  });

  it('asks Prometheus for the ring and for the hosts that nobody has touched', async () => {
    const fake = prometheus();
    await new Promise(resolve => fake.server.once('listening', resolve));
    try {
      const body = { params: undefined, query: undefined, body: { prometheusUrl: fake.url() } };
      await story.rollouts.handlers.engineUpdate(body, ada, story.request);
      const errors: Health = [
        { kind: 'prometheus', name: 'log errors', query: 'sum(rate(errors{host=~"{{hosts}}"}[5m]))', threshold: 10, controlFactor: 2 },
      ];
      fake.answer = (query: string) => vector(query.includes('h1') ? '3' : '1');
      const id = await story.started({ rings: [{ ...rings(errors)[0]!, hosts: undefined, hostIds: ['host_h1'] }, rings([])[1]!] });
      const stopped = await story.until(id, ['completed', 'paused']);
      expect(stopped.rings[0]!.gates[0]).toMatchObject({
        verdict: 'fail',
        metrics: [{ name: 'log errors', verdict: 'failed', text: '3, untouched hosts 1, allowed is a factor of 2' }],
      });
      expect(fake.asked.sort().reverse()).toEqual(['sum(rate(errors{host=~"h2|h3|h4|h5|h6"}[5m]))', 'sum(rate(errors{host=~"h1"}[5m]))']);
    } finally {
      await new Promise(resolve => fake.server.close(resolve));
    }
  });

  it('a ring that has to prove more than it can says how many hosts it takes', async () => {
    const id = await story.plan({
      rings: [
        { name: 'canary', concurrency: 2, proof: { failurePercent: 50, confidencePercent: 90 } },
        { name: 'rest', percent: 100, concurrency: 9 },
      ],
    });
    const { plan } = await story.get(id);
    // 0 of 4 at 90 %: fewer than 44 % fail.
    expect(plan!.rings.map(ring => ring.hosts.length)).toEqual([4, 2]);
    await story.approve(id);
    await story.act(id, 'start');
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
  });
});
