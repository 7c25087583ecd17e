import { deb } from '../versions/deb.ts';
import { compareVersions } from '../versions/scheme.ts';
import { countedClass, FAILURE_CLASSES } from './failure-classes.ts';
import type { FailureClass, JobResult, TransactionItem } from './host-plan.ts';
import { isDisrupting, type JobEventName, type JobState } from './job-states.ts';
import { itemKey } from './plan.ts';

/** What the server makes of a host's report: the event for the job's machine, and who is to blame. */
export interface Judgement {
  readonly event: JobEventName;
  readonly failureClass: FailureClass | null;
  readonly failure: string | null;
  readonly signature: string | null;
  /** True for a failure that changed nothing and is not the patch's doing: the job goes back to the queue. */
  readonly waits: boolean;
  /** The host says that it changed something although no permit was ever issued (domain.md 2.9): a security event. */
  readonly unpermitted: boolean;
}

/**
 * The host's word "succeeded" is not believed: success is that every version of the plan was observed as installed and every smoke test passed.
 * `state` is the job's before the report; only a job beyond the point of no return had a permit.
 */
export function judgeResult(
  transaction: readonly TransactionItem[],
  kind: 'patch' | 'rollback',
  state: JobState,
  result: JobResult,
): Judgement {
  const permitted = isDisrupting(state);
  if (result.touched && !permitted)
    return { ...failed('fail', 'needs-human', 'the host reports a change that no permit covers', 'unpermitted'), unpermitted: true };
  if (result.outcome === 'cancelled' && !result.touched) return plain('report-cancelled');
  if (result.outcome === 'succeeded' || result.outcome === 'already-compliant') return judgeGood(transaction, kind, permitted, result);
  const said = result.failure ?? {
    class: 'needs-human' as FailureClass,
    message: `the host ended as ${result.outcome} and gave no reason`,
    signature: result.outcome,
  };
  const reported = { ...said, class: countedClass(said.class, said.signature, result.touched) };
  const row = FAILURE_CLASSES[reported.class];
  if (row.waits && !result.touched) return { ...failed('retry', reported.class, reported.message, reported.signature), waits: true };
  const observed: readonly FailureClass[] = ['service-failed', 'smoke-test-failed', 'post-hook-failed', 'verify-failed'];
  return failed(
    permitted && result.touched && observed.includes(reported.class) ? 'fail-verification' : 'fail',
    reported.class,
    reported.message,
    reported.signature,
  );
}

function judgeGood(transaction: readonly TransactionItem[], kind: 'patch' | 'rollback', permitted: boolean, result: JobResult): Judgement {
  const wrong = [
    ...unmet(transaction, kind, result),
    ...(result.hooks ?? []).filter(run => run.outcome !== 'passed').map(run => `${run.phase}-hook ${run.name}: ${run.outcome}`),
    ...result.smokeTests.filter(test => !test.passed).map(test => `smoke test ${test.test.kind}: ${test.detail}`),
  ];
  if (wrong.length > 0)
    return failed(
      permitted ? 'fail-verification' : 'fail',
      'verify-failed',
      `reported as ${result.outcome}, but ${wrong.slice(0, 5).join('; ')}`,
      `verify-failed ${wrong[0]}`,
    );
  if (result.outcome === 'already-compliant' && !result.touched) return plain('comply');
  return plain(permitted ? 'succeed' : 'comply');
}

/** Planned items that the observation does not show, in words. A patch is also met by something newer; a rollback only by the exact version. */
export function unmet(transaction: readonly TransactionItem[], kind: 'patch' | 'rollback', result: Pick<JobResult, 'after'>): string[] {
  const after = new Map(result.after.map(row => [itemKey(row), row]));
  return transaction.flatMap(item => {
    const seen = after.get(itemKey(item));
    if (item.toVersion === null) return seen?.version == null ? [] : [`${item.name} is still there`];
    if (seen?.version == null) return [`${item.name} was not observed`];
    if (seen.state !== 'installed') return [`${item.name} is ${seen.state}`];
    const met = seen.version === item.toVersion || (kind === 'patch' && compareVersions(deb, seen.version, item.toVersion) === 1);
    return met ? [] : [`${item.name} is ${seen.version} instead of ${item.toVersion}`];
  });
}

function plain(event: JobEventName): Judgement {
  return { event, failureClass: null, failure: null, signature: null, waits: false, unpermitted: false };
}

function failed(event: JobEventName, failureClass: FailureClass, failure: string, signature: string): Judgement {
  return { event, failureClass, failure, signature, waits: false, unpermitted: false };
}
