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

  it('lines that differ only in columns that are not read are one package', async () => {
    const list = file('list', 'package\tversion\tsize\nopenssl\t3.0.20-1\t1\nopenssl\t3.0.20-1\t2\nopenssl\t3.0.20-2\t2\n');
    const { out } = await run(list, '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'JSON');
    const versions = (JSON.parse(out) as { id: string; version: string }[])
      .filter(row => row.id === 'CVE-2026-63072')
      .map(row => row.version);
    expect(versions).toEqual(['3.0.20-1', '3.0.20-2']);
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
