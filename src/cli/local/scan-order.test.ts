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
      return out;
    };
    expect(await answer(lines.toReversed())).toBe(await answer(lines));
  });

  it('a document is named by what it says', async () => {
    const serial = async (list: string) => {
      const { out } = await run(file('list', list), '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'cyclonedx');
      return (JSON.parse(out) as { serialNumber: string }).serialNumber;
    };
    const first = await serial(TABLE);
    expect(first).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await serial(TABLE)).toBe(first);
    expect(await serial(TABLE.replace('zlib1g\t1:1.2.13', 'zlib1g\t1:1.2.12'))).not.toBe(first);
  });
});
