import type { RolloutSpecView } from '../../api/rollout-spec.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { currentOrNext, repeatProblem } from '../../core/rollouts/schedule/planned-window.ts';
import { invalid } from '../runtime/problems.ts';
import type { RolloutRow } from './rows.ts';
import type { Step } from './step.ts';

/** The occurrence that is open or comes next. For one that is over the lint has the words. */
export function openingOf(spec: RolloutSpecView, now: Instant): { readonly startsAt: Instant | null; readonly endsAt: Instant | null } {
  const problem = repeatProblem(spec.window);
  if (problem !== null) throw invalid('body/window/repeat', problem);
  return currentOrNext(spec.window, now) ?? spec.window;
}

/** A repeating window that has closed gives way to its next occurrence; what was not reached goes on there. */
export async function moveToNextOpening(step: Step, row: RolloutRow): Promise<void> {
  if (
    row.spec.window.repeat === null ||
    row.spec.window.repeat === undefined ||
    row.window_ends_at === null ||
    row.window_ends_at > step.now
  )
    return;
  const next = currentOrNext(row.spec.window, step.now);
  if (next === null) return;
  row.window_starts_at = next.startsAt;
  row.window_ends_at = next.endsAt;
  await step.tx.query('update rollout set window_starts_at = $2, window_ends_at = $3 where id = $1', [row.id, next.startsAt, next.endsAt]);
  step.say(row.id, { kind: 'rollout', text: `the window has closed; the next one opens at ${next.startsAt}` });
  step.audit({ actor: 'system', action: 'rollout.next-window', subject: row.id, detail: { startsAt: next.startsAt, endsAt: next.endsAt } });
}
