import { describe, expect, it } from 'vitest';
import { StaleSlots } from './stale-slots.ts';

describe('StaleSlots', () => {
  it('goes round: a slot that goes stale again and again keeps nobody waiting', () => {
    const stale = new StaleSlots();
    for (const slot of [0, 3, 200]) stale.mark(slot);
    const taken: number[] = [];
    for (let step = 0; step < 5; step++) {
      const slot = stale.next()!;
      stale.unmark(slot);
      taken.push(slot);
      stale.mark(0);
    }
    expect(taken).toEqual([0, 3, 200, 0, 0]);
    expect(stale.count).toBe(1);
    stale.unmark(0);
    expect(stale.next()).toBeNull();
  });
});
