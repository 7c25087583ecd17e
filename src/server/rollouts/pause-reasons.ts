import type { PauseReason, RolloutRow } from './rows.ts';
import type { Step } from './step.ts';

/** What people read while it is paused; empty while it is not. */
export async function setPauseReasons(step: Step, row: RolloutRow, reasons: PauseReason[]): Promise<void> {
  row.pause_reasons = reasons;
  await step.tx.query('update rollout set pause_reasons = $2::jsonb where id = $1', [row.id, JSON.stringify(reasons)]);
}
