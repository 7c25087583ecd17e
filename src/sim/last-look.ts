import { HOUR_MS, toInstant } from '../core/kernel/instants.ts';
import { isFinal } from '../core/kernel/machine.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import type { SimHost } from './host.ts';
import type { SimServer } from './server.ts';

/** What somebody has drafted, resumed or stopped lately need not have ended. */
const LAST_HOURS = 12;

/** L1, L4, I4, I5, I14, S12: when all is well again and time has passed. */
export function lastLook(server: SimServer, hosts: readonly SimHost[], now: number): void {
  const { store, witness } = server;
  const { ledger } = witness;
  for (const host of hosts) {
    // One that is rebooting this very moment has its own deadline.
    const reboots = [...(store.activeOfHost.get(host.id) ?? [])].some(id => store.jobs.get(id)!.state === 'rebooting');
    ledger.demand('I14', (host.up && host.agentUp) || reboots, now, () => `${host.id} never came back`);
  }
  for (const rollout of store.rollouts.values()) {
    // One that has a window a day may take weeks; its approval ends it.
    if (rollout.plan.window.repeat !== null && rollout.approvalExpiresAt > toInstant(now) && rollout.state !== 'paused') continue;
    if (now - Date.parse(rollout.stateSince) < LAST_HOURS * HOUR_MS) continue;
    const rule = rollout.state === 'paused' ? 'L4' : 'L1';
    ledger.demand(rule, isFinal(ROLLOUT, rollout.state), now, () => `rollout ${rollout.id} is still ${rollout.state}`);
  }
  for (const host of hosts) {
    for (const { plan, state } of host.disk.journal.values()) {
      const known = state !== 'finished' || server.hasResult(plan.jobId, plan.attempt);
      ledger.demand('I4', known, now, () => `${host.id}: the result of ${plan.planId} never reached the store`);
      ledger.demand('L1', state === 'finished' || store.active.has(plan.jobId), now, () => `${host.id}: ${plan.planId} is still ${state}`);
    }
    if (!host.broken) continue;
    const known = [...store.jobs.values()].some(job => job.hostId === host.id && job.touched && job.state !== 'succeeded');
    ledger.demand('I5', known, now, () => `${host.id} is half done and nobody knows`);
  }
  for (const ids of store.jobsOfRing.values())
    ledger.demand(
      'S12',
      ids.every(id => store.jobs.has(id)),
      now,
      () => 'a job has vanished',
    );
}
