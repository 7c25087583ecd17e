import { describe, expect, it } from 'vitest';
import { FleetUnits } from '../findings/fleet-units.ts';
import { DISTRIBUTION_ORIGIN, type PackageOrigin } from '../inventory/package-origin.ts';
import { type Candidate, Offers } from './offers.ts';

const candidate = (id: number, name: string, version: string, origin: PackageOrigin): Candidate => ({
  id,
  version: { id, name, arch: 'amd64', version, sourceName: 'postgresql-15', sourceVersion: version, origin },
  origins: [],
  security: true,
  availability: 'offered',
});

describe('Offers', () => {
  it("puts the distribution's versions of a source before a third party's, and the newest of them first", () => {
    const offers = new Offers(new FleetUnits()).of(
      [
        candidate(1, 'postgresql-15', '15.8-0+deb12u1', DISTRIBUTION_ORIGIN),
        candidate(2, 'libpq5', '15.9-1.pgdg120+1', 'apt.postgresql.org'),
        candidate(3, 'postgresql-client-15', '15.8-0+deb12u2', DISTRIBUTION_ORIGIN),
      ],
      'debian:12',
    );
    expect(offers.map(({ target }) => target.version)).toEqual(['15.8-0+deb12u2', '15.8-0+deb12u1', '15.9-1.pgdg120+1']);
  });
});
