import type { PartDigests } from '../../core/inventory/digest.ts';
import { epochMs } from '../../core/kernel/instants.ts';
import { HOST_STATE_TRUSTED_SECONDS } from '../../core/kernel/limits.ts';
import type { Context } from '../context.ts';

/** What is stored of each host, known by digest: the memory that answers an unchanged report without a query. */
export interface HostStates {
  /** null before the first inventory. Undefined digests never equal a report's. */
  of(hostId: string): Promise<PartDigests | null>;
  set(hostId: string, digests: PartDigests): void;
  forget(hostId: string): void;
}

interface DigestRow {
  readonly facts: string;
  readonly packages: string;
  readonly candidates: string;
}

/** Another replica may store a report of the same host, so what was read or stored here is trusted for some minutes only. */
export function createHostStates(context: Pick<Context, 'db' | 'clock'>): HostStates {
  const states = new Map<string, { digests: PartDigests | null; knownMs: number }>();
  const now = () => epochMs(context.clock.now());
  return {
    async of(hostId) {
      const known = states.get(hostId);
      if (known && now() - known.knownMs < HOST_STATE_TRUSTED_SECONDS * 1_000) return known.digests;
      const [row] = await context.db.query<DigestRow>(
        "select encode(facts_digest, 'hex') as facts, encode(packages_digest, 'hex') as packages, encode(candidates_digest, 'hex') as candidates from host_inventory where host_id = $1",
        [hostId],
      );
      states.set(hostId, { digests: row ?? null, knownMs: now() });
      return row ?? null;
    },
    set: (hostId, digests) => void states.set(hostId, { digests, knownMs: now() }),
    forget: hostId => void states.delete(hostId),
  };
}
