import { entryHash, FIRST_HASH } from '../server/audit/chain.ts';
import type { Ledger } from './ledger.ts';

export interface AuditSeen {
  readonly entry: Parameters<typeof entryHash>[1];
  readonly previous: Uint8Array;
  /** null: the entry has no place in the chain. */
  readonly hash: Uint8Array | null;
}

/** S10, I11: the trail, entry by entry, and that no move is without one. */
export class AuditRules {
  readonly #ledger: Ledger;
  #auditHead: Uint8Array = FIRST_HASH;
  #auditSequence = 0;
  #unaudited = '';

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** S10, I11: the entry was written before the move that it tells of is seen. */
  audited({ entry, previous, hash }: AuditSeen, atMs: number): void {
    const follows = hash !== null && entry.sequence === this.#auditSequence + 1 && Buffer.compare(previous, this.#auditHead) === 0;
    this.#ledger.demand('S10', follows, atMs, () => `${entry.action} of ${entry.subject} has no place in the audit chain`);
    if (hash !== null) {
      this.#ledger.demand(
        'I11',
        Buffer.compare(entryHash(this.#auditHead, entry), hash) === 0,
        atMs,
        () => `entry ${entry.sequence} does not follow from the one before`,
      );
      this.#auditHead = hash;
      this.#auditSequence = entry.sequence;
    }
    this.#unaudited = entry.subject;
  }

  demandMove(subject: string, atMs: number): void {
    this.#ledger.demand('S10', this.#unaudited === subject, atMs, () => `${subject} moved without an audit entry`);
    this.#unaudited = '';
  }
}
