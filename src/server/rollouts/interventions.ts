import { JOB_WANTING } from '../../core/rollouts/job-states.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import { FRESH_ATTEMPTS } from '../../core/rollouts/retry.ts';
import type { Handlers } from '../context.ts';
import { conflict } from '../runtime/problems.ts';
import { cancelRings } from './approval.ts';
import { createDraft, voidApproval } from './drafts.ts';
import type { Engine } from './engine.ts';
import { lockRollout } from './locks.ts';
import { moveJobs, moveRollout } from './moves.ts';
import { actorOf, asPerson, type Person } from './people.ts';
import { JOB_COLUMNS, type RolloutRow } from './rows.ts';
import { beginHalt, drain } from './running.ts';
import { inStep, type Step } from './step.ts';
import { detail, rolloutById } from './views.ts';

export type InterventionRoutes = 'rolloutSkip' | 'rolloutRetry' | 'rolloutForensic' | 'rolloutSupersede';

/** What people do to single hosts of a rollout that has started, and what ends it for a newer one. */
export function interventionHandlers(engine: Engine): Handlers<InterventionRoutes> {
  const view = async (id: string, person: Person) => detail(engine, id, await actorOf(engine, person));
  const onHosts = async (person: Person, id: string, work: (step: Step, row: RolloutRow) => Promise<void>) => {
    await inStep(engine.context, async step => {
      const row = await lockRollout(step.tx, id, 'update');
      if (row.state !== 'running' && row.state !== 'paused')
        throw conflict('not-started', 'It is not running: there are no jobs to act on.', 'Edit it instead, or draft a new one.');
      await work(step, row);
      step.afterwards(() => engine.poke());
    });
    return await view(id, person);
  };
  return {
    rolloutSkip: ({ params, body }, caller) => {
      const person = asPerson(caller);
      return onHosts(person, params.id, step => skip(step, person, params.id, body.hostIds, body.reason));
    },
    rolloutRetry: ({ params, body }, caller) => {
      const person = asPerson(caller);
      return onHosts(person, params.id, step => retry(step, person, params.id, body.hostIds, body.reason));
    },
    rolloutForensic: ({ params, body }, caller) => {
      const person = asPerson(caller);
      return onHosts(person, params.id, step => recordEvidence(step, person, params.id, body.hostIds, body.reason));
    },
    rolloutSupersede: async ({ params, body }, caller) => {
      const person = asPerson(caller);
      return await view(await supersede(engine, person, params.id, body.reason), person);
    },
  };
}

/** Every named host or none: one that has its permit cannot be left out any more, and saying so is better than leaving it half done. */
async function skip(step: Step, person: Person, id: string, hostIds: readonly string[], reason: string): Promise<void> {
  const jobs = await namedJobs(step, id, hostIds);
  const busy = jobs.filter(job => !JOB_WANTING.includes(job.state));
  if (busy.length > 0)
    throw conflict(
      'not-waiting',
      `${busy.map(job => `${job.hostName} is ${job.state}`).join(', ')}: only a host that has not begun to change can be left out.`,
      'One that has begun is brought to a safe end; a rollback takes back what it did.',
    );
  const why = `left out by ${person.login}: ${reason}`;
  await moveJobs(step, id, 'exclude', 'excluded', { actor: person.login, reason: why, hostIds });
  await step.tx.query('update job set failure = $3 where rollout_id = $1 and host_id = any($2)', [id, hostIds, why]);
}

async function retry(step: Step, person: Person, id: string, hostIds: readonly string[] | undefined, reason: string): Promise<void> {
  const { parked, waitingOn, notBefore, retrySince, attemptsLeft } = FRESH_ATTEMPTS;
  const jobs = await step.tx.query<{ id: string; host_name: string }>(
    `update job set parked = $3, waiting_on = $4, not_before = $5, retry_since = $6, attempts_left = $7
     where rollout_id = $1 and parked and ($2::text[] is null or host_id = any($2)) returning id, host_name`,
    [id, hostIds ?? null, parked, waitingOn, notBefore, retrySince, attemptsLeft],
  );
  if (jobs.length === 0)
    throw conflict('nothing-waits', 'None of these hosts waits for a person.', 'See what they wait on with `fettle rollout jobs`.');
  const names = jobs.map(job => job.host_name).sort();
  step.say(id, {
    kind: 'job',
    text: `fresh attempts by ${person.login}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', ...' : ''}`,
  });
  step.audit({ actor: person.login, action: 'job.grant-attempts', subject: id, detail: { jobs: jobs.map(job => job.id).sort(), reason } });
}

/** BOD 26-04: evidence comes before the patch that destroys it. Who says that it was taken stands in the audit trail. */
async function recordEvidence(step: Step, person: Person, id: string, hostIds: readonly string[], reason: string): Promise<void> {
  const jobs = await step.tx.query<{ id: string; host_name: string }>(
    `update job set forensic_cleared_by = $3, waiting_on = case when waiting_on = 'forensic' then null else waiting_on end
     where rollout_id = $1 and host_id = any($2) and forensic <> '{}' and forensic_cleared_by is null and state = any($4) returning id, host_name`,
    [id, hostIds, person.login, JOB_WANTING],
  );
  if (jobs.length < new Set(hostIds).size)
    throw conflict(
      'no-evidence-needed',
      'Some of these hosts do not wait for evidence.',
      'Name only hosts that do: `fettle rollout explain`.',
    );
  const names = jobs.map(job => job.host_name).sort();
  step.say(id, { kind: 'job', text: `evidence collected, says ${person.login}: ${names.join(', ')}: ${reason}` });
  step.audit({
    actor: person.login,
    action: 'job.evidence-collected',
    subject: id,
    detail: { jobs: jobs.map(job => job.id).sort(), reason },
  });
}

async function namedJobs(step: Step, id: string, hostIds: readonly string[]): Promise<JobStatus[]> {
  const jobs = await step.tx.query<JobStatus>(
    `select ${JOB_COLUMNS} from job where rollout_id = $1 and host_id = any($2) order by id for update`,
    [id, hostIds],
  );
  const missing = hostIds.filter(hostId => !jobs.some(job => job.hostId === hostId));
  if (missing.length > 0) throw conflict('not-in-rollout', `${missing.join(', ')}: not in this rollout.`, 'See `fettle rollout jobs`.');
  return jobs;
}

/**
 * The newest patch of the same source and platform takes the place of each old one (domain.md 2.8). A rollout that runs is drained: jobs before the point of
 * no return end, others finish; the new draft is planned, rehearsed and approved like any other.
 */
async function supersede(engine: Engine, person: Person, id: string, reason: string): Promise<string> {
  const { db } = engine.context;
  const old = await rolloutById(db, id);
  const offered = await engine.fleet.patchesOn(null);
  const known = await db.query<{ patch_id: string; platform: string | null; source_name: string | null }>(
    'select patch_id, platform, source_name from patch_seen where patch_id = any($1)',
    [old.spec.patchIds],
  );
  const successor = (patchId: string): string => {
    if (offered.some(patch => patch.patchId === patchId)) return patchId;
    const was = known.find(row => row.patch_id === patchId);
    return offered.find(patch => patch.platform === was?.platform && patch.sourceName === was?.source_name)?.patchId ?? patchId;
  };
  const patchIds = [...new Set(old.spec.patchIds.map(successor))];
  if (patchIds.every(patchId => old.spec.patchIds.includes(patchId)))
    throw conflict(
      'nothing-newer',
      'None of its patches has a newer version that a host is offered.',
      'There is nothing to supersede it with.',
    );
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    const why = `superseded by ${person.login}${reason === '' ? '' : `: ${reason}`}`;
    if (row.state === 'running' || row.state === 'paused') {
      await beginHalt(engine, step, row, 'supersede', person.login, why);
      await drain(engine, step, row);
      return;
    }
    if (!['planned', 'awaiting-approval', 'scheduled'].includes(row.state))
      throw conflict('not-allowed-now', `It is ${row.state}: there is no plan to supersede.`, 'Edit it, or draft a new one.');
    await voidApproval(step, row, person.login, why);
    await cancelRings(step, row, why);
    await moveRollout(step, row, 'supersede', { actor: person.login, reason: why });
  });
  const spec = { ...old.spec, patchIds, note: `${old.spec.note}\nTakes the place of ${id}.`.trim() };
  return await createDraft(engine, person, { spec, kind: old.kind, revertsId: old.reverts_id });
}
