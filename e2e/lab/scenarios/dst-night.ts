import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { must, version } from '../../harness/fleet.ts';
import { startServer } from '../../harness/server.ts';
import { oneRing, PASSWORD, World } from '../world.ts';

const ZONE = 'Europe/Berlin';
const HOST = 'h06';
const SOURCE = 'lab-hello';
/** Long enough for a reconciler that looks every second to do what it must not. */
const WATCHED_MS = 8_000;

/** A second server beside the story's, on a clock that the scenario sets. Hosts by SSH only: what they are told is judged by the server's clock alone. */
class Night extends World {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'fettle-night-'));
  readonly #shift = path.join(this.#folder, 'shift');

  async setClock(at: string): Promise<void> {
    writeFileSync(this.#shift, String(Date.parse(at) - Date.now()));
    if (this.server === undefined) return;
    // Hours have passed: sessions have ended.
    await this.admin.client.sessionCreate({ body: { login: 'ada', password: PASSWORD } });
    await this.approver.client.sessionCreate({ body: { login: 'grace', password: PASSWORD } });
  }

  override async start(): Promise<void> {
    const lab = inject('lab');
    this.server = await startServer({
      dataDir: path.join(this.#folder, 'data'),
      port: lab.port + 1,
      host: lab.gateway,
      entry: 'e2e/harness/shifted-server.ts',
      env: { FETTLE_SHIFT_FILE: this.#shift },
    });
    await this.setUpPeople();
    await must(HOST, 'apt-get', '-q', '-y', '--allow-downgrades', 'install', `${SOURCE}=1.0`);
    await this.enrolSsh();
  }

  async nextOpening(id: string): Promise<string | null> {
    const { waitingOn } = await this.admin.client.rolloutExplain({ params: { id } });
    return waitingOn.find(one => one.code === 'window-not-open')?.changesAt ?? null;
  }

  /** Approved for a window that opens every night at half past two by the wall clock, first on the day of `first`. */
  async everyNight(name: string, first: string, minutes: number): Promise<string> {
    const endsAt = new Date(Date.parse(first) + minutes * 60_000).toISOString();
    const patch = await this.patch(HOST, SOURCE);
    const window = { startsAt: first, endsAt, timeZone: ZONE, repeat: 'FREQ=DAILY' };
    return await this.launch({ name, patchIds: [patch.id], hosts: [HOST], rings: oneRing, window });
  }

  async staysUntouched(id: string): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, WATCHED_MS));
    expect((await this.admin.client.rolloutGet({ params: { id } })).rollout.state).toBe('scheduled');
    expect(await version(HOST, SOURCE)).toBe('1.0');
  }
}

export function dstNights(): void {
  describe('a night on which the clock changes', () => {
    it('in spring: half past two does not exist, the window opens an hour of the wall clock later', async () => {
      const night = new Night();
      // 2027-03-28, 01:00 UTC: 02:00 becomes 03:00.
      await night.setClock('2027-03-27T20:00:00Z');
      try {
        await night.start();
        const id = await night.everyNight('spring', '2027-03-26T01:30:00.000Z', 60);
        expect(await night.nextOpening(id)).toBe('2027-03-28T01:30:00.000Z');
        // Summer's offset taken for the whole night would open it at 00:30 UTC; at 01:00 UTC the wall clock jumps past half past two.
        for (const early of ['2027-03-28T00:30:10Z', '2027-03-28T01:00:10Z']) {
          await night.setClock(early);
          await night.staysUntouched(id);
        }
        await night.setClock('2027-03-28T01:30:05Z');
        const done = await night.reach(id, ['completed', 'completed-partial', 'paused', 'halted']);
        expect(done.rollout.state).toBe('completed');
        expect(await version(HOST, SOURCE)).not.toBe('1.0');
        // The night after it is summer: half past two is 00:30 UTC.
        expect(await preview(night, '2027-03-26T01:30:00.000Z', 60)).toContainEqual(
          expect.objectContaining({ startsAt: '2027-03-29T00:30:00.000Z', endsAt: '2027-03-29T01:30:00.000Z', note: null }),
        );
      } finally {
        await night.server?.stop();
      }
    });

    it('in autumn: half past two comes twice, the window opens once', async () => {
      const night = new Night();
      // 2027-10-31, 01:00 UTC: 03:00 becomes 02:00.
      await night.setClock('2027-10-30T20:00:00Z');
      try {
        await night.start();
        const first = await night.everyNight('autumn', '2027-10-29T00:30:00.000Z', 20);
        expect(await night.nextOpening(first)).toBe('2027-10-31T00:30:00.000Z');
        await night.setClock('2027-10-31T00:30:05Z');
        expect((await night.reach(first, ['completed', 'completed-partial', 'paused', 'halted'])).rollout.state).toBe('completed');
        expect(await version(HOST, SOURCE)).not.toBe('1.0');

        await must(HOST, 'apt-get', '-q', '-y', '--allow-downgrades', 'install', `${SOURCE}=1.0`);
        await night.refresh(HOST);
        await night.setClock('2027-10-31T01:05:00Z');
        const late = await night.everyNight('autumn, too late', '2027-10-29T00:30:00.000Z', 20);
        expect(await night.nextOpening(late)).toBe('2027-11-01T01:30:00.000Z');
        await night.setClock('2027-10-31T01:30:10Z');
        await night.staysUntouched(late);
        await night.setClock('2027-11-01T01:30:05Z');
        expect((await night.reach(late, ['completed', 'completed-partial', 'paused', 'halted'])).rollout.state).toBe('completed');
        expect(await version(HOST, SOURCE)).not.toBe('1.0');
      } finally {
        await night.server?.stop();
      }
    });
  });
}

async function preview(night: Night, startsAt: string, minutes: number) {
  const endsAt = new Date(Date.parse(startsAt) + minutes * 60_000).toISOString();
  const { occurrences } = await night.admin.client.windowPreview({ body: { startsAt, endsAt, timeZone: ZONE, repeat: 'FREQ=DAILY' } });
  return occurrences;
}
