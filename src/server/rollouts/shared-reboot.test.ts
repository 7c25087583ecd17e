import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokenInvariants } from './history-check.ts';
import { Story } from './test-story.ts';

const spec = {
  reboot: 'if-needed' as const,
  rings: [{ name: 'all', percent: 100, soakMinutes: 0, concurrency: 1 }],
};

describe('two rollouts on one host that both need a reboot', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(1);
    story.host(1).needsReboot = true;
  });
  afterEach(() => story.end());
  const job = async (id: string) => (await story.jobRows(id))[0]!;
  const permits = async (phase: string) =>
    (await story.db.query<{ id: string }>('select job_id as id from permit where phase = $1', [phase])).map(row => row.id);

  /** Both are running, one has installed and asks for its reboot. */
  async function firstHasInstalled(): Promise<{ first: string; second: string }> {
    const ids = [await story.approved({ ...spec, name: 'openssl' }), await story.approved({ ...spec, name: 'nginx' })];
    for (const id of ids) await story.act(id, 'start');
    await story.turn();
    const states = await Promise.all(ids.map(async id => (await job(id)).state));
    const at = states.indexOf('reboot-pending');
    expect(at, states.join(', ')).not.toBe(-1);
    return { first: ids[at]!, second: ids[1 - at]! };
  }

  it('the first waits, the second installs and reboots, both verify', async () => {
    const host = story.host(1);
    host.sharesReboots = true;
    const { first, second } = await firstHasInstalled();
    expect(await job(first)).toMatchObject({ waitingOn: 'reboot-shared', sharesReboot: true });
    const explained = await story.rollouts.handlers.rolloutExplain(
      { params: { id: first }, query: undefined, body: undefined },
      undefined as never,
      undefined as never,
    );
    expect(explained.text.join(' ')).toMatch(/one reboot at the end serves both/);
    // The scripted hosts know one package: so that the second has something to change.
    host.packages.set('openssl', '1');
    story.clock.advance(30);
    await story.turn();
    await story.until(second, ['completed']);
    await story.until(first, ['completed']);
    expect(host.reboots).toBe(1);
    expect(await permits('reboot')).toHaveLength(1);
    expect(host.applied).toBe(2);
    // Whichever of the two asked first got it; it came after the second had installed.
    const [order] = await story.db.query<{ late: boolean }>(
      `select (select issued_at from permit where phase = 'reboot') >= (select max(issued_at) from permit where phase = 'apply') as late`,
    );
    expect(order!.late).toBe(true);
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('the first reboots by itself when the second is stopped', async () => {
    const host = story.host(1);
    host.sharesReboots = true;
    const { first, second } = await firstHasInstalled();
    await story.act(second, 'pause');
    story.clock.advance(30);
    await story.until(first, ['completed']);
    expect(host.reboots).toBe(1);
    expect(await permits('reboot')).toEqual([(await job(first)).id]);
  });

  it('never reboots while the other installs, and never starts the other during the reboot', async () => {
    const host = story.host(1);
    host.sharesReboots = true;
    const { first, second } = await firstHasInstalled();
    host.packages.set('openssl', '1');
    story.clock.advance(30);
    await story.rollouts.reconcileOnce();
    const theirs = await job(second);
    expect(theirs.state).toBe('offered');
    expect((await story.jobs.requestPermit(host.id, theirs.id, theirs.attempt, 'apply')).permit).not.toBeNull();
    const mine = await job(first);
    const asked = await story.jobs.requestPermit(host.id, mine.id, mine.attempt, 'reboot', true);
    expect(asked.refused?.code).toBe('reboot-shared');
    // Nor for a host that does not know how to wait.
    expect((await story.jobs.requestPermit(host.id, mine.id, mine.attempt, 'reboot')).refused?.code).toBe('host-lock');
  });

  it('a host that cannot wait reboots at once, and holds its lock as ever', async () => {
    const { first, second } = await firstHasInstalled().catch(async () => {
      const ids = (await story.db.query<{ id: string }>('select id from rollout order by created_at')).map(row => row.id);
      return { first: ids[0]!, second: ids[1]! };
    });
    await story.until(first, ['completed']);
    await story.until(second, ['completed']);
    expect(story.host(1).reboots).toBe(1);
    expect((await job(first)).sharesReboot).toBe(false);
  });
});
