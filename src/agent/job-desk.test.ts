import { describe, expect, it } from 'vitest';
import type { Executor, JobHandle } from './execute.ts';
import { JobDesk, workOf } from './job-desk.ts';
import type { JournalEntry } from './journal.ts';
import type { Turn } from './turns.ts';

/** Entries whose plans nobody signed: each is refused at once, in the order in which it is taken up. */
function entry(jobId: string, state: JournalEntry['state'], acceptedAt: string): JournalEntry {
  return { jobId, attempt: 1, state, acceptedAt, envelope: { payloadType: 'x', payload: '', signatures: [] } } as unknown as JournalEntry;
}

describe('what was left open', () => {
  it('is taken up one by one: after a reboot its own job first, then the newest that has begun, last what has changed nothing', async () => {
    const ended: string[] = [];
    const executor = {
      trust: { hostId: 'h', installationId: 'i', trustedKeys: [] },
      clock: { now: () => '2026-11-22T12:00:00.000Z' },
      signal: new AbortController().signal,
      gateway: { result: async (jobId: string) => void ended.push(jobId) },
    } as unknown as Executor;
    const desk = new JobDesk(
      workOf(executor, () => {}),
      () => {},
    );
    desk.resume([
      entry('prepares', 'accepted', '2026-11-22T11:03:00.000Z'),
      entry('waits', 'started', '2026-11-22T11:00:00.000Z'),
      entry('installs', 'started', '2026-11-22T11:02:00.000Z'),
      entry('rebooted', 'rebooting', '2026-11-22T11:01:00.000Z'),
    ]);
    expect(desk.idle).toBe(false);
    // What is read from the journal again while it is in hand, and a task of the server for it, is not a second one.
    desk.resume([entry('waits', 'started', '2026-11-22T11:00:00.000Z'), entry('installs', 'started', '2026-11-22T11:02:00.000Z')]);
    expect(desk.take({ jobId: 'waits', attempt: 1, envelope: entry('waits', 'started', '').envelope })).toBe(false);
    for (let n = 0; n < 50 && !desk.idle; n++) await new Promise(resolve => setTimeout(resolve, 10));
    expect(ended).toEqual(['rebooted', 'installs', 'waits', 'prepares']);
    expect(desk.idle).toBe(true);
  });
});

describe('a job that waited with its reboot', () => {
  it('goes on only when nothing is at work, and then nothing is begun or taken up beside it', async () => {
    const begun = new Map<string, { turn: Turn; shares: boolean; end: () => void }>();
    const begin = ({ jobId, attempt }: { jobId: string; attempt: number }, turn: Turn): JobHandle => {
      let end = () => {};
      const finished = new Promise<null>(resolve => (end = () => resolve(null)));
      const job = { turn, shares: false, end };
      begun.set(jobId, job);
      return { jobId, attempt, finished, cancel: () => {}, sharesReboot: () => job.shares };
    };
    const desk = new JobDesk({ start: begin, resume: begin, signal: new AbortController().signal }, () => {});
    const take = (jobId: string) => desk.take({ jobId, attempt: 1, envelope: entry(jobId, 'accepted', '').envelope });
    const job = (jobId: string) => begun.get(jobId)!;
    const ended = async (jobId: string) => {
      job(jobId).end();
      await new Promise(resolve => setTimeout(resolve, 5));
    };
    for (const jobId of ['A', 'B']) {
      expect(take(jobId)).toBe(true);
      job(jobId).shares = true;
      job(jobId).turn.pass();
    }
    expect(take('C')).toBe(true);
    expect([job('A').turn.take(), job('B').turn.take()]).toEqual([false, false]);
    await ended('C');
    expect([job('A').turn.take(), job('B').turn.take()]).toEqual([true, false]);
    job('A').shares = false;
    expect(take('D')).toBe(false);
    desk.resume([entry('E', 'started', '2026-11-22T11:00:00.000Z')]);
    expect([...begun.keys()]).toEqual(['A', 'B', 'C']);
    await ended('A');
    expect([...begun.keys()]).toEqual(['A', 'B', 'C', 'E']);
    expect(job('B').turn.take()).toBe(false);
    await ended('E');
    expect(job('B').turn.take()).toBe(true);
    await ended('B');
    expect(desk.idle).toBe(true);
    expect(take('D')).toBe(true);
  });
});
