import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { file, folder, makeFolder, removeFolder, run, TABLE } from './scan.testkit.ts';

beforeEach(makeFolder);
afterEach(removeFolder);

describe('the order of a list', () => {
  it.each(['table', 'json', 'csv', 'sarif', 'cyclonedx', 'openvex', 'csaf'])('does not change a byte of %s', async format => {
    const [header, ...lines] = TABLE.trim().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    const answer = async (ordered: readonly string[]) => {
      const list = file('list', `${[header, ...ordered].join('\n')}\n`);
      const { out } = await run(list, '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', format);
      return out.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'a random id');
    };
    expect(await answer(lines.toReversed())).toBe(await answer(lines));
  });
});
