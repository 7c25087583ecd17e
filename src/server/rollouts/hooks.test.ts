import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HookOffer, HostFacts } from '../../core/inventory/snapshot.ts';
import { packFacts } from '../runtime/packed-facts.ts';
import { Story } from './test-story.ts';

const hooks = [
  { phase: 'pre', name: 'drain', timeoutSeconds: 120 },
  { phase: 'post', name: 'undrain', timeoutSeconds: 60 },
] as const;
const offered: HookOffer[] = [
  { name: 'drain', problem: null },
  { name: 'undrain', problem: null },
];
const spec = {
  hooks: [...hooks],
  rings: [
    { name: 'canary', hosts: 1, soakMinutes: 0, concurrency: 1 },
    { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 5 },
  ],
};

describe('a rollout that names hooks', () => {
  let story: Story;
  const tells = async (n: number, offers: readonly HookOffer[]) =>
    await story.db.query('insert into host_fact (host_id, doc, observed_at) values ($1, $2, $3)', [
      story.host(n).id,
      packFacts({ hostname: `h${n}`, hooks: offers } as unknown as HostFacts),
      story.clock.now(),
    ]);
  beforeEach(async () => {
    story = await Story.begin(4);
    await tells(1, offered);
    await tells(2, offered);
    await tells(3, [offered[0]!, { name: 'undrain', problem: 'it is not executable' }]);
  });
  afterEach(() => story.end());

  it('leaves out hosts that do not offer them, says why, and signs the names', async () => {
    const id = await story.started(spec);
    const { plan } = await story.get(id);
    expect(plan!.excluded.map(one => `${one.hostName}: ${one.reason}`).sort()).toEqual([
      'h3: it does not offer the hook undrain (it is not executable), which the rollout names',
      'h4: it does not offer the hooks drain (the host has not told which hooks it has), undrain (the host has not told which hooks it has), which the rollout names',
    ]);
    await story.until(id, ['completed']);
    const signed = await story.db.query<{ payload: string }>(`select envelope->>'payload' as payload from job_attempt`);
    expect(signed.length).toBe(2);
    for (const { payload } of signed) expect(JSON.parse(Buffer.from(payload, 'base64').toString()).hooks).toEqual(hooks);
  });

  it('cannot be planned when nobody offers them', async () => {
    const id = await story.plan({ ...spec, selector: { hostIds: [story.host(4).id] } });
    const { rollout } = await story.get(id);
    expect(rollout.state).toBe('draft');
    expect(rollout.stateReason).toMatch(/does not offer the hooks drain/);
  });

  it('waits for a person where a pre-hook fails, and goes on when it is mended', async () => {
    const first = new Set((await story.get(await story.plan(spec))).plan!.rings[0]!.hosts.map(host => host.hostId));
    const canary = story.hosts.find(host => first.has(host.id))!;
    canary.script = ['pre-hook-failed'];
    const id = await story.started(spec);
    for (let n = 0; n < 4; n++) {
      await story.turn();
      story.clock.advance(60);
    }
    const [job] = (await story.jobRows(id)).filter(one => one.hostId === canary.id);
    expect(job).toMatchObject({
      state: 'queued',
      parked: true,
      waitingOn: 'host-not-ready',
      failureClass: 'pre-hook-failed',
      touched: false,
    });
    expect(canary.packages.get('openssl')).toBe('1');
    canary.script = ['ok'];
    expect((await story.get(id)).rollout.state).toBe('paused');
    await story.act(id, 'resume');
    await story.until(id, ['completed']);
    expect(canary.packages.get('openssl')).toBe('2');
  });

  it('stops the ring where a post-hook fails', async () => {
    const id = await story.started(spec);
    for (const host of story.hosts) host.script = ['post-hook-failed'];
    const stopped = await story.until(id, ['paused', 'halted']);
    expect(stopped.rings.map(ring => ring.state)).not.toContain('passed');
    const states = Object.values(await story.jobStates(id)).sort();
    expect(states).toEqual(['queued', 'verify-failed']);
  });
});
