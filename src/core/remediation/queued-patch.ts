import { HostSet } from '../findings/fleet-host-set.ts';
import type { HostExposure } from './deadline.ts';
import { AVAILABILITY_CODES } from './offers.ts';
import type { FindingGroup, Standing } from './standing.ts';

/** `not-offered`: the publisher has a fix that no enabled suite offers to the host. */
export const AVAILABILITIES = [...AVAILABILITY_CODES, 'not-offered'] as const;
export type MemberAvailability = (typeof AVAILABILITIES)[number];

/** Hosts that stand alike towards a patch: it closes the same vulnerabilities on each. */
export interface Cohort {
  readonly standing: Standing;
  readonly exposure: HostExposure;
  /** What the patch closes on these hosts. */
  readonly closes: FindingGroup;
  hosts: number;
  weight: number;
}

/** One source package moved to one version on one release, with the hosts that need it. */
export class QueuedPatch {
  /** Its number in what hosts keep. */
  readonly index: number;
  readonly release: string;
  readonly sourceName: string;
  readonly targetVersion: string;
  readonly hosts = new HostSet();
  /** Hosts by availability, in the order of AVAILABILITIES. */
  readonly counts: number[] = AVAILABILITIES.map(() => 0);
  readonly cohorts = new Map<number, Cohort>();
  securityHosts = 0;
  /** Rises when a cohort comes or goes: what the patch closes may have changed. */
  generation = 0;
  /** Epoch seconds of the first due date, 0 without one; meaningless while `dueIsStale`. */
  firstDue = 0;
  dueIsStale = false;

  constructor(index: number, release: string, sourceName: string, targetVersion: string) {
    this.index = index;
    this.release = release;
    this.sourceName = sourceName;
    this.targetVersion = targetVersion;
  }

  /** True when some host's package manager offers it; false when only advisories name the version. */
  get isOffered(): boolean {
    return this.hosts.size > this.counts[NOT_OFFERED]!;
  }
}

export const NOT_OFFERED = AVAILABILITIES.indexOf('not-offered');
