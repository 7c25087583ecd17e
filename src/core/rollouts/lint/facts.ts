import type { HookOffer } from '../../inventory/snapshot.ts';
import type { Instant } from '../../kernel/instants.ts';
import type { TransactionItem } from '../host-plan.ts';
import type { Interval } from '../schedule/intervals.ts';

/** What the lint knows beside the plan. */
export interface LintFacts {
  readonly now: Instant;
  /** Changes that the chosen patches ask for, per host. */
  readonly asked: ReadonlyMap<string, readonly TransactionItem[]>;
  readonly rebootExpected: ReadonlySet<string>;
  /** Hosts that ask for a reboot already, whatever the plan changes, with their reasons. */
  readonly rebootPending?: ReadonlyMap<string, readonly string[]>;
  /** The host that Fettle itself runs on, when it is one of the fleet. */
  readonly fettleHostId: string | null;
  /** Hard freezes from now on, with the hosts that they cover; null covers all. */
  readonly freezes: readonly (Interval & { readonly name: string; readonly hostIds: ReadonlySet<string> | null })[];
  /** When the first finding that the plan closes on a host is due. */
  readonly dueOf?: ReadonlyMap<string, Instant>;
  /** What other open rollouts would do on the same hosts. */
  readonly others?: readonly OtherJob[];
  readonly globalConcurrencyMax?: number;
  /** `NAME VERSION` of binaries that have been retracted, with the reason. */
  readonly retracted?: ReadonlyMap<string, string>;
  /** What each chosen host offers; null: it has not told. Absent where nobody looked. */
  readonly hooksOf?: ReadonlyMap<string, readonly HookOffer[] | null>;
  /** Hosts that the planner left out, each with its reason; absent where there is no report. */
  readonly excluded?: ReadonlyMap<string, string>;
  readonly groups: readonly { readonly name: string; readonly hostIds: ReadonlySet<string>; readonly minAvailable: number }[];
}

/** A host's part of another rollout that is approved or running. */
export interface OtherJob {
  readonly rolloutId: string;
  readonly rolloutName: string;
  readonly hostId: string;
  readonly transaction: readonly TransactionItem[];
}

export interface LintFinding {
  readonly rule: string;
  readonly level: 'error' | 'warning';
  readonly message: string;
}
