import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CrashHost, spread } from '../../harness/dpkg-crashes.ts';

/** A sample of bench/lab-dpkg-crashes.ts: ten points are enough to see that the ladder is climbed at all. */
const POINTS = 10;

export function dpkgCrashes(): void {
  describe('dpkg killed at a system call', () => {
    let crashes: CrashHost;
    beforeAll(() => {
      crashes = new CrashHost('h04');
    });
    afterAll(() => crashes.close());

    it(`${POINTS} points of one transaction, all healed without a person`, async () => {
      expect((await crashes.prepare(['redis-server', 'redis-tools', 'rsync'])).length).toBeGreaterThan(1);
      const points = spread(await crashes.survey(), POINTS);
      expect(points.length).toBe(POINTS);
      const outcomes = [];
      for (const point of points) outcomes.push(await crashes.crash(point));
      expect(outcomes.filter(one => one.hit).length).toBeGreaterThan(POINTS / 2);
      expect(outcomes.filter(one => !one.healed).map(one => ({ ...one.point, wrong: one.wrong, failure: one.result.failure }))).toEqual([]);
    });
  });
}
