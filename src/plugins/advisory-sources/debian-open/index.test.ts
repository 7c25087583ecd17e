import { describe, expect, it } from 'vitest';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { debianOpen } from './index.ts';

const LINES = [
  '{"cve":"CVE-2023-45853","src":"zlib","status":"open","severity":"critical","as_of":"2026-02-18","bins":["zlib1g-dev"]}',
  '{"cve":"CVE-2025-7458","src":"sqlite3","status":"open","severity":"critical","as_of":"2026-02-18","trivy_status_2025_08":"affected"}',
  '{"cve":"CVE-2005-2541","src":"tar","status":"open","severity":"negligible","as_of":"2026-02-18","trivy_status_2025_08":"will_not_fix"}',
  '{"cve":"CVE-2024-0001","src":"x","status":"open","severity":"low","as_of":"2026-02-18","trivy_status_2025_08":"fix_deferred"}',
  '',
].join('\n');

contractTests(debianOpen, { fileName: 'open.jsonl', content: LINES });

describe('debian-open', () => {
  it('reads the sub-states as the tracker means them', () => {
    expect(
      claimsIn(readAll(debianOpen, 'x', LINES)).map(claim => [claim.packageName, claim.state, claim.severity, claim.statedOn]),
    ).toEqual([
      ['zlib', 'open', 'critical', '2026-02-18'],
      ['sqlite3', 'open', 'critical', '2026-02-18'],
      ['tar', 'wont-fix', 'negligible', '2026-02-18'],
      ['x', 'deferred', 'low', '2026-02-18'],
    ]);
  });

  it('puts aside a status that is not open', () => {
    expect(quarantinedIn(readAll(debianOpen, 'x', LINES.replace('"status":"open"', '"status":"fixed"')))).toHaveLength(1);
  });
});
