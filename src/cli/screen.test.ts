import { describe, expect, it } from 'vitest';
import { makeScreen } from './screen.ts';

const drawn = (width: number, rows: readonly (readonly string[])[]) => {
  let text = '';
  const screen = makeScreen(more => void (text += more), width);
  screen.table([{ title: 'rollout' }, { title: 'state' }, { title: 'id' }], rows);
  return text.trimEnd().split('\n');
};

describe('a table', () => {
  const id = `rol_${'0123456789abcdef'.repeat(2)}`;
  it('gives way where the terminal is narrow, and never shortens an id', () => {
    const [, row] = drawn(70, [['linux, ncurses: application servers in Frankfurt', 'awaiting-approval', id]]);
    expect(row).toContain(id);
    expect(row).toMatch(/^linux, n.*… /);
    expect(row!.length).toBeLessThanOrEqual(70);
  });
  it('writes instants to the minute', () => {
    expect(drawn(90, [['nightly', '2026-12-23T23:00:00.000Z', id]])[1]).toMatch(/^nightly {2}2026-12-23 23:00Z {2}rol_/);
  });
  it('leaves documents as they are', () => {
    let text = '';
    const screen = makeScreen(more => void (text += more), 20);
    screen.document('host,seen\r\nweb1,2026-12-23T23:00:00.000Z\r\n');
    screen.line('until 2026-12-23T23:00:00.000Z (UTC)');
    expect(text).toBe('host,seen\r\nweb1,2026-12-23T23:00:00.000Z\r\nuntil 2026-12-23 23:00Z (UTC)\n');
  });
  it('is as wide as it must be where even that does not fit', () => {
    expect(drawn(20, [['a rollout with a name', 'running', id]])[1]).toContain(id);
  });
});
