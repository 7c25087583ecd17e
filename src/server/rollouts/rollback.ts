import { MaintenanceWindow, type RolloutSpecView } from '../../api/rollout-spec.ts';
import { counted } from '../../core/kernel/words.ts';
import { JOB_ACTIVE } from '../../core/rollouts/job-states.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import { conflict } from '../runtime/problems.ts';
import { createDraft } from './drafts.ts';
import type { Engine } from './engine.ts';
import type { Person } from './people.ts';
import { RING_COLUMNS } from './rows.ts';
import { rolloutById } from './views.ts';

/** RingSpec of the contract takes this many host ids; a larger ring takes what is left instead, which is only right for the last one. */
const RING_HOSTS_MAX = 10_000;

/**
 * Drafts the rollout that takes back what another one did: the hosts that it touched, newest ring first, each to the exact versions that it reported
 * before. It is planned, rehearsed, approved and verified like any other.
 */
export async function draftRollback(
  engine: Engine,
  person: Person,
  id: string,
  hostIds: readonly string[] | undefined,
  reason: string,
): Promise<string> {
  const { db } = engine.context;
  const original = await rolloutById(db, id);
  if (original.started_at === null || original.state === 'running')
    throw conflict(
      'not-stopped',
      'Only a rollout that has started and is stopped or finished can be taken back.',
      'Pause or halt it first.',
    );
  const jobs = await db.query<Pick<JobStatus, 'hostId' | 'ringId' | 'state' | 'touched'>>(
    'select host_id as "hostId", ring_id as "ringId", state, touched from job where rollout_id = $1 order by position',
    [id],
  );
  const touched = jobs.filter(job => job.touched && (hostIds === undefined || hostIds.includes(job.hostId)));
  const busy = touched.filter(job => JOB_ACTIVE.includes(job.state));
  if (busy.length > 0)
    throw conflict(
      'still-at-work',
      `${counted(busy.length, 'host is', 'hosts are')} still at work.`,
      'Wait until they have ended, or choose other hosts.',
    );
  if (touched.length === 0)
    throw conflict('nothing-changed', 'This rollout has changed none of these hosts.', 'There is nothing to take back.');
  const rings = await db.query<RingStatus>(`select ${RING_COLUMNS} from ring where rollout_id = $1 order by ring_index desc`, [id]);
  const { spec } = original;
  const draft: RolloutSpecView = {
    name: `Roll back: ${original.name}`.slice(0, 200),
    patchIds: [],
    selector: { hostIds: touched.map(job => job.hostId) },
    rings: newestFirst(rings, touched),
    window: MaintenanceWindow.parse({ timeZone: spec.window.timeZone }),
    restart: spec.restart,
    reboot: spec.reboot,
    smokeTests: spec.smokeTests,
    hooks: spec.hooks ?? [],
    // The rehearsal of what it undoes has measured this way back; `rollout rehearse` does it again on demand.
    rehearse: 'none',
    profile: 'normal',
    concurrencyMax: null,
    catchUpDays: 0,
    note: reason,
  };
  return await createDraft(engine, person, { spec: draft, kind: 'rollback', revertsId: id });
}

function newestFirst(rings: readonly RingStatus[], touched: readonly Pick<JobStatus, 'hostId' | 'ringId'>[]): RolloutSpecView['rings'] {
  const filled = rings
    .map(ring => ({ ring, hostIds: touched.filter(job => job.ringId === ring.id).map(job => job.hostId) }))
    .filter(one => one.hostIds.length > 0);
  if (filled.some(one => one.hostIds.length > RING_HOSTS_MAX))
    return [{ name: 'undo', soakMinutes: 0, concurrency: Math.max(...filled.map(one => one.ring.concurrency)) }];
  return filled.map(({ ring, hostIds }) => ({
    name: `undo ${ring.name}`.slice(0, 60),
    hostIds,
    soakMinutes: 0,
    concurrency: ring.concurrency,
  }));
}
