import { toInstant } from '../core/kernel/instants.ts';
import type { FreezeKind } from '../core/rollouts/permit-decision.ts';
import type { Fault } from './faults.ts';
import type { SimReconciler } from './reconciler.ts';
import type { SimFreeze, SimHold, SimRetraction } from './safeguards.ts';
import type { SimServer } from './server.ts';

/** What people declare against changes, at whatever moment: freezes, holds, retractions. Each is told to the witness as it is written down. */
export class Declarations {
  readonly #server: SimServer;
  readonly #reconciler: SimReconciler;
  readonly #hostIds: readonly string[];

  constructor(server: SimServer, reconciler: SimReconciler, hostIds: readonly string[]) {
    this.#server = server;
    this.#reconciler = reconciler;
    this.#hostIds = hostIds;
  }

  freeze({ number, amount, durationMs }: Fault, nowMs: number): void {
    const kind: FreezeKind = amount > 70 ? 'hard' : amount > 40 ? 'soft' : 'reboot-only';
    const [startsAt, endsAt] = [toInstant(nowMs), toInstant(nowMs + durationMs)];
    const freeze: SimFreeze = { name: `freeze ${number}`, kind, startsAt, endsAt, hostIds: this.#scope(amount) };
    this.#server.store.freezes.push(freeze);
    this.#server.witness.books.freezes.push(freeze);
  }

  hold({ number, amount, durationMs }: Fault, packages: readonly string[], nowMs: number): void {
    const packageName = amount % 4 === 0 ? null : packages[amount % packages.length]!;
    const hold: SimHold = { name: `hold ${number}`, packageName, endsAt: toInstant(nowMs + durationMs), hostIds: this.#scope(amount) };
    this.#server.store.holds.push(hold);
    this.#server.witness.books.holds.push(hold);
  }

  /** Of what is approved or at work, something turns out to be bad. Answers with what ends it, or null where nothing is under way. */
  retract({ amount }: Fault, nowMs: number): (() => void) | null {
    const open = [...this.#server.store.open].filter(one => one.kind === 'patch');
    if (open.length === 0) return null;
    const items = open[amount % open.length]!.plan.transactions.flat();
    const { name, toVersion } = items[amount % items.length]!;
    const retraction: SimRetraction = { name, version: toVersion! };
    this.#reconciler.retract(retraction, 'cleo', nowMs);
    return () => this.#reconciler.liftRetraction(retraction);
  }

  /** All hosts, or every second or third of them. */
  #scope(amount: number): ReadonlySet<string> | null {
    const every = (amount % 3) + 1;
    return every === 1 ? null : new Set(this.#hostIds.filter((_, n) => n % every === 0));
  }

  clear(): void {
    const { store, witness } = this.#server;
    for (const all of [store.freezes, store.holds, witness.books.freezes, witness.books.holds]) all.length = 0;
    for (const retraction of [...store.retractions]) this.#reconciler.liftRetraction(retraction);
  }
}
