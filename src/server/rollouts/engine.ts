import type { Context } from '../context.ts';
import type { FleetPort, InventoryPort, PeoplePort, WakePort } from '../ports.ts';
import type { SafetyScopes } from './safety-scopes.ts';

export interface RolloutPorts {
  readonly fleet: FleetPort;
  readonly inventory: InventoryPort;
  readonly wake: WakePort;
  readonly people: PeoplePort;
}

/** What every file of this noun works with. */
export interface Engine extends RolloutPorts {
  readonly context: Context;
  readonly scopes: SafetyScopes;
  /** Something was stored that the reconciler or a reader of the log may be waiting for. A hint: both look again by themselves. */
  poke(): void;
}
