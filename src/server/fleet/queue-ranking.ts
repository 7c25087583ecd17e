import type { Instant } from '../../core/kernel/instants.ts';
import type { PatchQueue } from '../../core/remediation/patch-queue.ts';
import type { QueuedPatch } from '../../core/remediation/queued-patch.ts';
import { PatchRanking, type RankedEntry } from '../../core/remediation/ranked-patches.ts';

export interface RankedQueue {
  readonly generation: number;
  readonly at: Instant;
  readonly entries: readonly RankedEntry[];
  readonly byId: ReadonlyMap<string, RankedEntry>;
  /** The entry that a patch of the queue stands in. */
  readonly byPart: ReadonlyMap<QueuedPatch, RankedEntry>;
}

/** The last ranking, as long as it holds. */
export class QueueRanking {
  readonly #ranking = new PatchRanking();
  #last: RankedQueue | null = null;

  of(queue: PatchQueue, at: Instant): RankedQueue {
    const { generation } = queue;
    // "due in 3 days" counts whole days from now, so an order is good for a minute.
    if (this.#last?.generation === generation && this.#last.at.slice(0, 16) === at.slice(0, 16)) return this.#last;
    const entries = this.#ranking.rank(queue, at);
    this.#last = {
      generation,
      at,
      entries,
      byId: new Map(entries.map(entry => [entry.id, entry])),
      byPart: new Map(entries.flatMap(entry => entry.parts.map(part => [part, entry] as const))),
    };
    return this.#last;
  }
}
