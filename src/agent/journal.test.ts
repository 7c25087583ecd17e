import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileJournal, type JournalEntry } from './journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fettle-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = (given: Partial<JournalEntry> = {}): JournalEntry => ({
  version: 1,
  planId: 'plan_1',
  hostId: 'host_1',
  jobId: 'job_1',
  attempt: 1,
  sequence: 4,
  envelope: { payloadType: 't', payload: '', signatures: [] },
  state: 'accepted',
  acceptedAt: '2026-11-22T12:00:00.000Z',
  startedAt: null,
  before: [],
  bootIdBefore: null,
  failedUnitsBefore: null,
  steps: [],
  healed: [],
  restartedUnits: [],
  rebootAskedAt: null,
  runs: 0,
  result: null,
  acknowledgedAt: null,
  ...given,
});

describe('the journal', () => {
  it('gives back what was written, in a new process too', async () => {
    await (await fileJournal(folder)).write(entry({ state: 'accepted' }));
    await (await fileJournal(folder)).write(entry({ state: 'started' }));
    expect(await (await fileJournal(folder)).read('plan_1')).toMatchObject({ state: 'started' });
    expect(await (await fileJournal(folder)).read('plan_2')).toBeNull();
  });
  it('remembers the highest number of each host, whatever is pruned', async () => {
    const journal = await fileJournal(folder);
    await journal.write(entry({ planId: 'a', sequence: 9 }));
    await journal.write(entry({ planId: 'b', sequence: 5 }));
    await journal.write(entry({ planId: 'c', sequence: 70, hostId: 'host_2' }));
    rmSync(join(folder, 'a.json'));
    expect(await (await fileJournal(folder)).highestSequence('host_1')).toBe(9);
    expect(await journal.highestSequence('host_2')).toBe(70);
    expect(await journal.highestSequence('host_3')).toBe(0);
  });
  it('counts an accepted plan although its number was not written any more', async () => {
    const journal = await fileJournal(folder);
    await journal.write(entry({ sequence: 12 }));
    rmSync(join(folder, 'sequence-host_1.json'));
    expect(await journal.highestSequence('host_1')).toBe(12);
  });
  it('is not disturbed by a write that a power cut ended', async () => {
    const journal = await fileJournal(folder);
    await journal.write(entry({ state: 'started' }));
    writeFileSync(join(folder, 'plan_1.json.new'), '{"half');
    expect(await (await fileJournal(folder)).list()).toHaveLength(1);
    expect(await (await fileJournal(folder)).read('plan_1')).toMatchObject({ state: 'started' });
  });
  it('puts a file aside that a broken disk has changed, and believes no number that is none', async () => {
    const journal = await fileJournal(folder);
    await journal.write(entry({ sequence: 4 }));
    writeFileSync(join(folder, 'plan_1.json'), '{"half');
    expect(await journal.list()).toEqual([]);
    expect(await journal.read('plan_1')).toBeNull();
    expect(await journal.highestSequence('host_1')).toBe(4);
    writeFileSync(join(folder, 'sequence-host_1.json'), '');
    expect(await journal.highestSequence('host_1')).toBe(Number.MAX_SAFE_INTEGER);
  });
  it('keeps 200 acknowledged plans and every open one', async () => {
    const journal = await fileJournal(folder);
    await journal.write(entry({ planId: 'open' }));
    for (let n = 0; n < 205; n++)
      await journal.write(entry({ planId: `plan_${n}`, state: 'finished', acknowledgedAt: new Date(n * 1000).toISOString() }));
    const kept = (await journal.list()).map(e => e.planId);
    expect(kept).toHaveLength(201);
    expect(kept).toContain('open');
    expect(kept).toContain('plan_204');
    expect(kept).not.toContain('plan_0');
  });
  it('takes no id that would leave its folder', async () => {
    const journal = await fileJournal(folder);
    await expect(journal.write(entry({ planId: '../x' }))).rejects.toThrow();
    await expect(journal.read('a/b')).rejects.toThrow();
  });
  it('is for root alone, and whole', async () => {
    const journal = await fileJournal(join(folder, 'own'));
    await journal.write(entry());
    expect(readdirSync(join(folder, 'own')).sort()).toEqual(['plan_1.json', 'sequence-host_1.json']);
    expect(JSON.parse(readFileSync(join(folder, 'own/plan_1.json'), 'utf8'))).toEqual(entry());
  });
});
