import { describe, expect, it } from 'vitest';
import { type BundleManifest, judgeBundle, olderThanInForce, readManifest } from './feed-bundle.ts';

const FILE = {
  feedId: 'kev',
  fileName: 'known_exploited_vulnerabilities.json',
  licence: 'CC0-1.0',
  sourceUrl: 'https://www.cisa.gov/kev.json',
  fetchedAt: '2026-11-20T06:00:00.000Z',
  confirmedAt: '2026-11-21T06:00:00.000Z',
  dataDate: '2026-11-19',
  sha256: 'ab'.repeat(32),
  bytes: 100,
  records: 10,
};
const MANIFEST: BundleManifest = {
  format: 'fettle-feeds/1',
  installation: { id: 'inst_1', name: 'Head office' },
  createdAt: '2026-11-21T07:00:00.000Z',
  expiresAt: '2026-12-05T07:00:00.000Z',
  files: [FILE],
};
const NOW = '2026-11-22T07:00:00.000Z';

describe('a feed bundle', () => {
  it('has a manifest of which every field is checked', () => {
    expect(readManifest(MANIFEST)).toEqual({ ok: true, manifest: MANIFEST });
    const wrong: [string, unknown][] = [
      ['format', { ...MANIFEST, format: 'fettle-feeds/2' }],
      ['installation', { ...MANIFEST, installation: { id: 'x' } }],
      ['createdAt', { ...MANIFEST, createdAt: 'today' }],
      ['expiresAt', { ...MANIFEST, expiresAt: '2026-99-05T07:00:00.000Z' }],
      ['files', { ...MANIFEST, files: [] }],
      ['files 1', { ...MANIFEST, files: [7] }],
      ['files 1 fileName', { ...MANIFEST, files: [{ ...FILE, fileName: '../../etc/passwd' }] }],
      ['files 1 sha256', { ...MANIFEST, files: [{ ...FILE, sha256: '12' }] }],
      ['files 2 bytes', { ...MANIFEST, files: [FILE, { ...FILE, bytes: -1 }] }],
      ['files 1 dataDate', { ...MANIFEST, files: [{ ...FILE, dataDate: undefined }] }],
    ];
    for (const [field, value] of wrong) expect(readManifest(value)).toEqual({ ok: false, field });
  });

  it('is taken between its making and its end, and never after a younger one of the same signer', () => {
    expect(judgeBundle(MANIFEST, NOW, null)).toBeNull();
    expect(judgeBundle(MANIFEST, NOW, MANIFEST.createdAt)).toBeNull();
    expect(judgeBundle(MANIFEST, MANIFEST.expiresAt, null)).toMatchObject({
      code: 'bundle-expired',
      reason: expect.stringContaining('Head office'),
    });
    expect(judgeBundle(MANIFEST, '2026-11-19T07:00:00.000Z', null)).toMatchObject({ code: 'bundle-from-the-future' });
    expect(judgeBundle(MANIFEST, NOW, '2026-11-21T07:00:00.001Z')).toMatchObject({ code: 'bundle-older' });
  });

  it('does not put older data over younger: by the publisher, and where the dates agree by when the publisher was asked', () => {
    const inForce = { dataDate: '2026-11-19', confirmedAt: '2026-11-21T06:00:00.000Z' };
    expect(olderThanInForce(FILE, inForce)).toBeNull();
    expect(olderThanInForce({ ...FILE, dataDate: '2026-11-18', confirmedAt: NOW }, inForce)).toContain('older than that in force');
    expect(olderThanInForce({ ...FILE, dataDate: '2026-11-20', confirmedAt: '2026-11-20T06:00:00.000Z' }, inForce)).toBeNull();
    expect(olderThanInForce({ ...FILE, confirmedAt: '2026-11-21T05:00:00.000Z' }, inForce)).toContain('was current on 2026-11-21 05:00');
    expect(olderThanInForce({ ...FILE, dataDate: null, confirmedAt: '2026-11-21T05:00:00.000Z' }, inForce)).not.toBeNull();
  });
});
