import type { Claim } from '../advisories/claim.ts';
import { indexClaims } from '../advisories/claim-index.ts';
import { type MatchRequest, matchPackage } from './match.ts';

/** Git of Debian 12, and what is said of it unless a test says otherwise. */
export const claim = (overrides: Partial<Claim> = {}): Claim => ({
  source: 'debian-tracker',
  vulnerabilityId: 'CVE-2026-0001',
  aliases: [],
  release: 'debian:12',
  packageName: 'git',
  state: 'fixed',
  fixedVersion: '1:2.39.5-0+deb12u3',
  severity: null,
  statedOn: null,
  note: null,
  ...overrides,
});
export const request = (overrides: Partial<MatchRequest> = {}): MatchRequest => ({
  release: 'debian:12',
  sourceName: 'git',
  sourceVersion: '1:2.39.5-0+deb12u2',
  packageName: 'git-man',
  originTrusted: true,
  ...overrides,
});
export const match = (claims: readonly Claim[], overrides: Partial<MatchRequest> = {}) =>
  matchPackage(indexClaims(claims), request(overrides));
