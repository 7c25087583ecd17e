import { describe, expect, it } from 'vitest';
import { remembered } from './overview.ts';

describe('what is remembered between overviews', () => {
  it('is shown while the next one is made, for a while', async () => {
    let nowMs = 1_000;
    let made = 0;
    let fails = false;
    let hold: Promise<void> = Promise.resolve();
    const ask = remembered({
      everyMs: 10,
      shownForMs: 100,
      now: () => nowMs,
      async make() {
        const number = ++made;
        await hold;
        if (fails) throw new Error('the database restarts');
        return number;
      },
    });
    expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
    nowMs += 9;
    expect(await ask()).toBe(1);
    nowMs += 1;
    let goOn = () => {};
    hold = new Promise(resolve => {
      goOn = resolve;
    });
    expect(await ask()).toBe(1);
    expect(await ask()).toBe(1);
    expect(made).toBe(2);
    goOn();
    await new Promise(resolve => setImmediate(resolve));
    expect(await ask()).toBe(2);
    fails = true;
    nowMs += 50;
    expect(await ask()).toBe(2);
    await new Promise(resolve => setImmediate(resolve));
    // Too old to show: the failure is told, and the next one tries again.
    nowMs += 100;
    await expect(ask()).rejects.toThrow('restarts');
    fails = false;
    expect(await ask()).toBe(made);
  });
});
