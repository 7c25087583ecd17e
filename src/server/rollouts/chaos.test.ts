import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../audit/verify.ts';
import { brokenInvariants } from './history-check.ts';
import { Killed } from './test-crash.ts';
import type { Script } from './test-fleet.ts';
import { ada, grace, Story } from './test-story.ts';

/** One thing that happens, to a host, to a rollout or to the server. Numbers are taken modulo what there is. */
type Happening =
  | { readonly kind: 'turn' }
  | { readonly kind: 'clock'; readonly seconds: number }
  | { readonly kind: 'script'; readonly host: number; readonly script: Script }
  | { readonly kind: 'online'; readonly host: number; readonly online: boolean }
  | { readonly kind: 'twice'; readonly host: number; readonly twice: boolean }
  | { readonly kind: 'leave'; readonly host: number; readonly before: 'awaiting-permit' | 'apply' | 'restart' | 'verify' }
  | { readonly kind: 'verb'; readonly rollout: number; readonly verb: 'pause' | 'resume' | 'halt' | 'start' }
  | { readonly kind: 'kill-switch'; readonly engaged: boolean }
  | { readonly kind: 'kill'; readonly after: number }
  | { readonly kind: 'restart' };

const host = fc.nat(9);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: 'turn' } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('clock' as const), seconds: fc.constantFrom(10, 60, 400, 700, 3600, 40_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('script' as const),
      host,
      script: fc.constantFrom<Script[]>(
        'ok',
        'compliant',
        'install-failed',
        'service-failed',
        'repository-unavailable',
        'disk-space',
        'digest-mismatch',
        'transaction-differs',
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('online' as const), host, online: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('twice' as const), host, twice: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('leave' as const),
      host,
      before: fc.constantFrom('awaiting-permit' as const, 'apply' as const, 'restart' as const, 'verify' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('verb' as const),
      rollout: fc.nat(1),
      verb: fc.constantFrom('pause' as const, 'resume' as const, 'resume' as const, 'halt' as const, 'start' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill-switch' as const), engaged: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill' as const), after: fc.integer({ min: 1, max: 150 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' } as const) },
);

/** What a person is told is no failure of the story; a death means a new process. */
async function tolerate(story: Story, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Killed) story.restart();
    else if (!/is not possible|needs a reason|approval|window/.test((error as Error).message)) throw error;
  }
}

async function happen(story: Story, rollouts: readonly string[], what: Happening): Promise<void> {
  const of = (n: number) => story.hosts[n % story.hosts.length]!;
  switch (what.kind) {
    case 'turn':
      await tolerate(story, () => story.rollouts.reconcileOnce());
      for (const one of story.hosts) await tolerate(story, () => one.work(story.jobs));
      return;
    case 'clock':
      return story.clock.advance(what.seconds);
    case 'script':
      of(what.host).script = [what.script];
      return;
    case 'online':
      of(what.host).online = what.online;
      return;
    case 'twice':
      of(what.host).duplicates = what.twice;
      return;
    case 'leave':
      return await tolerate(story, () => of(what.host).work(story.jobs, what.before));
    case 'verb':
      return await tolerate(story, () =>
        story.act(rollouts[what.rollout]!, what.verb, what.verb === 'resume' ? grace : ada, { reason: 'chaos' }),
      );
    case 'kill-switch':
      await story.db.query('update engine_lock set kill_switch = $1', [what.engaged]);
      return;
    case 'kill':
      return story.mortal.killAfter(what.after);
    case 'restart':
      await story.db.query(`update reconciler_lease set leased_until = now() - interval '1 second'`);
      return story.restart();
  }
}

/** Everything is well again, people do their part: then everything has to come to an end (L1, L4). */
async function comeToAnEnd(story: Story, rollouts: readonly string[]): Promise<void> {
  story.mortal.spare();
  await story.db.query('update engine_lock set kill_switch = false');
  await story.db.query(`update reconciler_lease set leased_until = now() - interval '1 second'`);
  story.restart();
  for (const one of story.hosts) Object.assign(one, { online: true, script: ['ok'], duplicates: false });
  for (let turn = 0; turn < 80; turn++) {
    for (const id of rollouts) {
      const { rollout } = await story.get(id);
      if (rollout.state === 'paused') await tolerate(story, () => story.act(id, 'resume', grace, { reason: 'all is well again' }));
      if (rollout.state === 'scheduled') await tolerate(story, () => story.act(id, 'start'));
    }
    await story.turn();
    story.clock.advance(120);
    const [open] = await story.db.query<{ open: number }>('select count(*)::int as open from rollout where finished_at is null');
    if (open!.open === 0) return;
  }
  const left = await Promise.all(rollouts.map(async id => ({ ...(await story.get(id)).rollout, jobs: await story.jobStates(id) })));
  throw new Error(`no end: ${JSON.stringify(left)}`);
}

describe('whatever happens', () => {
  it('the invariants hold at every moment, and everything ends', { timeout: 240_000 }, async () => {
    const runs = Number(process.env.FETTLE_CHAOS_RUNS ?? 5);
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 10, maxLength: 40 }), async happenings => {
        const story = await Story.begin(5);
        try {
          const rings = [
            { name: 'canary', hosts: 1, concurrency: 1 },
            { name: 'rest', percent: 100, concurrency: 2 },
          ];
          const rollouts = [
            await story.approved({ rings }),
            await story.approved({ rings, name: 'the same hosts', selector: { hostIds: ['host_h1', 'host_h2', 'host_h3'] } }),
          ];
          await story.db.query('update engine_lock set concurrency_max = 3');
          await story.act(rollouts[0]!, 'start');
          for (const what of happenings) await happen(story, rollouts, what);
          expect(await brokenInvariants(story.db)).toEqual([]);
          await comeToAnEnd(story, rollouts);
          expect(await brokenInvariants(story.db)).toEqual([]);
          expect((await verifyChain(story.db)).brokenAt).toBeNull();
        } finally {
          await story.end();
        }
      }),
      {
        numRuns: runs,
        interruptAfterTimeLimit: 200_000,
        ...(process.env.FETTLE_CHAOS_SEED === undefined ? {} : { seed: Number(process.env.FETTLE_CHAOS_SEED) }),
      },
    );
  });
});
