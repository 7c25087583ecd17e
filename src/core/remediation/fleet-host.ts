import type { HostExposure } from './deadline.ts';
import type { BlockHost } from './host-block.ts';
import type { CandidateSet } from './host-offers.ts';
import type { Criticality } from './patch.ts';
import type { ResidualVersion } from './residuals.ts';

/** What the fleet model keeps of a host. Lists that many hosts have alike are shared by the key beside them. */
export interface FleetHost {
  readonly id: string;
  /** `debian:12`; empty before the first inventory. */
  readonly release: string;
  readonly exposure: HostExposure;
  readonly criticality: Criticality;
  readonly enrolledMs: number;
  /** Digest of the package set, null before the first inventory. */
  readonly packagesKey: string | null;
  /** Digest of the candidates; null when they could not be read. */
  readonly candidatesKey: string | null;
  readonly residuals: readonly ResidualVersion[];
  readonly runningKernel: string | null;
}

/** Packed as the database has them (core/inventory/id-set.ts). The sets are asked for only when no other host has the same key. */
export interface HostLists {
  readonly packages: () => Uint8Array;
  readonly candidateIds: () => ArrayLike<number>;
  /** Pairs of package_version id and epoch seconds, rising ids: versions that came at another moment than the host. */
  readonly since: Uint32Array;
}

/** Made once a host, so that walking 100,000 hosts makes nothing. */
export interface FleetEntry extends BlockHost {
  readonly host: FleetHost;
  readonly candidates: CandidateSet | null;
}
