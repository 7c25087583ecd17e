import type { Mutants } from './mutants.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { SimServer, TaskForHost } from './server.ts';
import type { Timeline } from './timeline.ts';
import type { HostWitness } from './witness-hosts.ts';

/** What is wrong around the host at the moment; the world sets it. */
export interface Surroundings {
  mirror: 'well' | 'down' | 'corrupt';
  /** Share of hosts in percent on which packages, or their services, break. */
  badPatchPercent: number;
  badServicePercent: number;
  metrics: 'well' | 'down' | 'nan' | 'lies';
  /** Somebody between server and hosts changes what he likes. */
  hostile: boolean;
}

/** What a host lives in. */
export interface HostParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly random: Random;
  readonly server: SimServer;
  readonly witness: HostWitness;
  readonly surroundings: Surroundings;
  readonly mutants: Mutants;
  readonly world: {
    /** What comes out at the other end of the line. */
    relay(hostId: string, highestSequence: number, tasks: readonly TaskForHost[]): readonly TaskForHost[];
  };
}

export const FAIR_SURROUNDINGS: Surroundings = {
  mirror: 'well',
  badPatchPercent: 0,
  badServicePercent: 0,
  metrics: 'well',
  hostile: false,
};
