import type { HostPlan } from '../core/rollouts/host-plan.ts';
import { transactionDifferences } from '../core/verification/transaction-difference.ts';
import { transactionStatus } from '../core/verification/transaction-status.ts';
import type { JournalEntry } from './host-journal.ts';
import { Weather } from './network.ts';
import type { HostParts } from './surroundings.ts';
import type { HostTruth } from './witness-hosts.ts';

export const BROKEN_BY_SCRIPT = 'left broken by a maintainer script';

/** The host below its agent: packages, the package manager at work, power. Whether a transaction is still the approved one is asked of core's own code. */
export class Machine implements HostTruth {
  readonly id: string;
  readonly name: string;
  readonly weather = new Weather();
  readonly packages = new Map<string, string>();
  /** Packages that a power cut left half done. */
  broken = false;
  serviceDown = false;
  /** Something else has failed, which no rollout has touched. */
  ailing = false;
  up = true;
  clockSkewMs = 0;
  lockHeld = false;
  diskFull = false;
  needsReboot = false;
  /** The archives that lie ready are those that were signed. */
  genuine = true;
  bootId = 1;
  bootedAtMs = 0;
  /** How a rehearsal ends there at the moment. */
  rehearsing: 'well' | 'fails' | 'impossible' | 'slow' = 'well';
  /** How its hooks end at the moment. */
  hookTrouble: 'none' | 'failed' | 'timed-out' | 'refused' = 'none';
  /** The plan whose pre-hook has taken it out of service. */
  outOfServiceFor: string | null = null;
  /** Pre-hooks whose work holds. */
  readonly prepared = new Set<string>();
  /** Its agent is new enough to wait with a reboot for another rollout's. */
  readonly sharesReboots: boolean;
  /** Its inventories do not arrive. */
  inventoryLost = false;
  protected applying: { readonly planId: string; readonly endsAtMs: number } | null = null;
  protected readonly parts: HostParts;

  constructor(id: string, name: string, parts: HostParts) {
    this.id = id;
    this.name = name;
    this.parts = parts;
    this.sharesReboots = parts.random.fork(1).chance(0.85);
  }

  get changing(): boolean {
    return this.applying !== null;
  }

  /** Packages that are at work or half done do not serve. */
  get stands(): boolean {
    return this.up && !this.isUnwell && this.outOfServiceFor === null && this.applying === null;
  }

  /** What its own inventory says. */
  get isUnwell(): boolean {
    return this.broken || this.serviceDown || this.ailing;
  }

  protected isChanging(entry: JournalEntry): boolean {
    return this.applying?.planId === entry.plan.planId;
  }

  protected status(plan: HostPlan) {
    const state = this.broken ? ('half-configured' as const) : ('installed' as const);
    const rows = [...this.packages].map(([name, version]) => ({
      name,
      arch: 'amd64',
      version,
      sourceName: name,
      sourceVersion: version,
      state,
      held: false,
    }));
    return transactionStatus(plan.transaction, rows);
  }

  /** What the package manager would do now against the plan. */
  protected differences(plan: HostPlan): readonly string[] {
    if (this.parts.mutants.has('moved-host-not-compared')) return [];
    const simulated = plan.transaction
      .filter(item => this.packages.get(item.name) !== item.toVersion)
      .map(item => ({ ...item, fromVersion: this.packages.get(item.name) ?? null }));
    return transactionDifferences(this.status(plan), simulated);
  }

  /** apt ends, whatever became of the agent; a power cut in between has taken `applying` away. */
  protected packagesDone(plan: HostPlan, entry: JournalEntry): void {
    if (this.applying?.planId !== plan.planId || !this.up) return;
    this.applying = null;
    const { badPatchPercent, badServicePercent } = this.parts.surroundings;
    if (plan.kind === 'patch' && this.parts.random.chance(badPatchPercent / 100)) {
      this.broken = true;
      entry.healed.push(BROKEN_BY_SCRIPT);
      return;
    }
    for (const item of plan.transaction) if (item.toVersion !== null) this.packages.set(item.name, item.toVersion);
    this.broken = false;
    this.serviceDown = plan.kind === 'patch' && this.parts.random.chance(badServicePercent / 100);
  }

  /** Half of the transaction was done when the lights went out; the repair ends it one way or the other. */
  protected repair(plan: HostPlan): void {
    this.broken = false;
    const forward = this.parts.random.chance(0.7);
    if (forward) for (const item of plan.transaction) if (item.toVersion !== null) this.packages.set(item.name, item.toVersion);
  }

  /** Somebody moves a package by hand; not while the package manager is at work. */
  drift(name: string, version: string): void {
    if (this.applying === null) this.packages.set(name, version);
  }

  /** Somebody logs in and puts it right. */
  repairByHand(): void {
    if (this.applying !== null) return;
    this.broken = false;
    this.serviceDown = false;
    this.outOfServiceFor = null;
  }
}
