import { describe, expect, it } from 'vitest';
import { supportTier } from '../../../core/advisories/lifecycle.ts';
import { contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { endoflife } from './index.ts';

const LINES = [
  '{"title":"Debian","addedAt":"2019-05-29","category":"os","releases":[{"releaseCycle":"12","codename":"Bookworm","releaseDate":"2023-06-10","eol":"2026-07-11","eoes":"2028-06-30","latest":"12.15"}],"product":"debian"}',
  '{"title":"AdonisJS","addedAt":"2025-08-18","releases":[{"releaseCycle":"7","eol":false},{"releaseCycle":"4","eol":true}],"product":"adonisjs"}',
  '',
].join('\n');

contractTests(endoflife, { fileName: 'endoflife.jsonl', content: LINES });

/** The whole list as version 1 of the API answers it. */
const API = JSON.stringify({
  schema_version: '1.2.0',
  generated_at: '2026-11-21T00:00:00+00:00',
  total: 2,
  result: [
    {
      name: 'debian',
      label: 'Debian',
      releases: [
        {
          name: '12',
          codename: 'Bookworm',
          releaseDate: '2023-06-10',
          isEol: true,
          eolFrom: '2026-07-11',
          isEoes: false,
          eoesFrom: '2028-06-30',
          latest: { name: '12.15', date: '2026-07-11', link: null },
        },
      ],
    },
    { name: 'rolling', label: 'Rolling', releases: [{ name: '1', isEol: false, eolFrom: null, latest: null }] },
  ],
});

contractTests(endoflife, { fileName: 'full', content: API });

const cycles = (content: string) => readAll(endoflife, 'x', content).flatMap(item => (item.kind === 'lifecycle' ? [item.lifecycle] : []));

describe('endoflife', () => {
  it('keeps the tiers apart: Debian 12 left security support and is in extended support', () => {
    const [debian] = cycles(LINES);
    expect(debian).toMatchObject({
      product: 'debian',
      cycle: '12',
      codename: 'Bookworm',
      activeSupport: null,
      securitySupport: '2026-07-11',
      extendedSupport: '2028-06-30',
      latestVersion: '12.15',
    });
    expect(supportTier(debian!, '2026-07-11')).toBe('security');
    expect(supportTier(debian!, '2026-07-12')).toBe('extended');
    expect(supportTier(debian!, '2028-07-01')).toBe('ended');
  });

  it("reads the API's list to the same tiers", () => {
    const [debian, rolling] = cycles(API);
    expect(debian).toEqual({ ...cycles(LINES)[0] });
    expect(supportTier(rolling!, '2030-01-01')).toBe('security');
    expect(quarantinedIn(readAll(endoflife, 'full', API.replace('"2026-07-11","isEoes"', '"soon","isEoes"')))).toMatchObject([
      { record: 'debian 12', reason: 'eol soon is neither a day nor true or false' },
    ]);
  });

  it('understands true and false', () => {
    const [, seven, four] = cycles(LINES);
    expect(supportTier(seven!, '2030-01-01')).toBe('security');
    expect(supportTier(four!, '2020-01-01')).toBe('ended');
  });

  it("puts aside a date that is none, and keeps the product's other cycles", () => {
    const items = readAll(endoflife, 'x', LINES.replace('"eol":true', '"eol":"soon"'));
    expect(quarantinedIn(items)).toMatchObject([{ record: 'line 2 (adonisjs 4)', reason: 'eol soon is neither a day nor true or false' }]);
    expect(items).toHaveLength(3);
  });
});
