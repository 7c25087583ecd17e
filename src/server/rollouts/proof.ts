import type { z } from 'zod';
import type { HostProof } from '../../api/hosts.ts';
import { JOB_SATISFIED } from '../../core/rollouts/job-states.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import { itemKey } from '../../core/rollouts/plan.ts';
import { csvLine } from '../runtime/csv.ts';
import type { Engine } from './engine.ts';
import { JOB_COLUMNS, type RolloutRow } from './rows.ts';
import { rolloutById } from './views.ts';

type ProofView = z.output<typeof HostProof>;

interface ProofRow extends JobStatus {
  readonly rolloutName: string;
  readonly kind: RolloutRow['kind'];
  readonly requestedBy: string;
  readonly approvedBy: string | null;
  readonly selfApproved: boolean;
  readonly planHash: string | null;
}

const PROOF = `select ${JOB_COLUMNS}, rollout.name as "rolloutName", rollout.kind, rollout.requested_by as "requestedBy", rollout.approved_by as "approvedBy",
  rollout.self_approved as "selfApproved", rollout.plan_hash as "planHash"
  from job join rollout on rollout.id = job.rollout_id`;

/** What was asked of this host, what it had before, what it reported, what is observed on it now, and who approved it; newest first. */
export async function hostProof(engine: Engine, hostId: string): Promise<ProofView[]> {
  const rows = await engine.context.db.query<ProofRow>(
    `${PROOF} where job.host_id = $1 order by coalesce(job.started_at, rollout.created_at) desc, job.id`,
    [hostId],
  );
  const observed = rows.length === 0 ? new Map<string, string | null>() : await observedOn(engine, hostId);
  return rows.map(row => proofOf(row, observed));
}

async function observedOn({ inventory }: Engine, hostId: string): Promise<Map<string, string | null>> {
  const packages = await inventory.packagesOf(hostId);
  return new Map(packages.filter(one => one.state !== 'config-files').map(one => [itemKey(one), one.version]));
}

function proofOf(row: ProofRow, observed: ReadonlyMap<string, string | null>): ProofView {
  const asked = row.transaction.map(({ name, arch, action, fromVersion, toVersion }) => ({ name, arch, action, fromVersion, toVersion }));
  const keys = new Set(asked.map(itemKey));
  const succeeded = row.state === 'succeeded';
  return {
    jobId: row.id,
    rolloutId: row.rolloutId,
    rolloutName: row.rolloutName,
    kind: row.kind,
    state: row.state,
    requestedBy: row.requestedBy,
    approvedBy: row.approvedBy,
    selfApproved: row.selfApproved,
    planHash: row.planHash ?? '',
    asked,
    before: (row.result?.before ?? []).filter(one => keys.has(itemKey(one))),
    after: (row.result?.after ?? []).filter(one => keys.has(itemKey(one))),
    observedNow: asked.map(({ name, arch }) => ({ name, arch, version: observed.get(itemKey({ name, arch })) ?? null })),
    verdict: verdictOf(row, observed),
    failure: row.failure,
    closedVulnerabilities: succeeded && row.kind === 'patch' ? [...row.closedVulnerabilities] : [],
    restartedUnits: [...(row.result?.restartedUnits ?? [])],
    rebooted: row.result?.rebooted ?? false,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
  };
}

/** In words; what is observed now outweighs what was once reported. */
function verdictOf(row: ProofRow, observed: ReadonlyMap<string, string | null>): string {
  if (!JOB_SATISFIED.includes(row.state))
    return row.finishedAt === null
      ? `not ended: ${row.state}`
      : row.touched
        ? `${row.state}: the host was changed`
        : `${row.state}: nothing was changed`;
  const moved = row.transaction.filter(item => (observed.get(itemKey(item)) ?? null) !== item.toVersion);
  if (moved.length === 0) return 'as asked and still so';
  const shown = moved.slice(0, 3).map(item => `${item.name} is now ${observed.get(itemKey(item)) ?? 'absent'}`);
  return `as asked; since then ${shown.join(', ')}${moved.length > 3 ? ` and ${moved.length - 3} more` : ''}`;
}

const COLUMNS = [
  'rollout',
  'kind',
  'plan hash',
  'requested by',
  'approved by',
  'self-approved',
  'host',
  'ring',
  'state',
  'action',
  'package',
  'architecture',
  'asked from',
  'asked to',
  'before',
  'after',
  'state after',
  'observed now',
  'verdict',
  'failure',
  'closed vulnerabilities',
  'restarted units',
  'rebooted',
  'started at',
  'finished at',
] as const;
const BATCH = 500;

/** One line per host and package; a host that was left out has one line with the reason, so that every denominator can be counted from the file. */
export async function* proofCsv(engine: Engine, rolloutId: string): AsyncGenerator<string> {
  const rollout = await rolloutById(engine.context.db, rolloutId);
  yield csvLine(COLUMNS);
  for (let after = -1, ring = -1, done = false; !done; ) {
    const rows: ProofRow[] = await engine.context.db.query<ProofRow>(
      `${PROOF} where job.rollout_id = $1 and (job.ring_index, job.position) > ($2, $3) order by job.ring_index, job.position limit $4`,
      [rolloutId, ring, after, BATCH],
    );
    for (const row of rows) yield (await linesOf(engine, row)).join('');
    ring = rows.at(-1)?.ringIndex ?? ring;
    after = rows.at(-1)?.position ?? after;
    done = rows.length < BATCH;
  }
  for (const host of await excludedHosts(engine, rollout)) yield csvLine(excludedCells(rollout, host));
}

async function linesOf(engine: Engine, row: ProofRow): Promise<string[]> {
  const proof = proofOf(row, await observedOn(engine, row.hostId));
  const before = new Map(proof.before.map(one => [itemKey(one), one.version]));
  const after = new Map(proof.after.map(one => [itemKey(one), one]));
  const now = new Map(proof.observedNow.map(one => [itemKey(one), one.version]));
  return proof.asked.map(item => {
    const key = itemKey(item);
    return csvLine([
      proof.rolloutName,
      proof.kind,
      proof.planHash,
      proof.requestedBy,
      proof.approvedBy,
      proof.selfApproved,
      row.hostName,
      row.ringIndex,
      proof.state,
      item.action,
      item.name,
      item.arch,
      item.fromVersion,
      item.toVersion,
      before.get(key),
      after.get(key)?.version,
      after.get(key)?.state,
      now.get(key),
      proof.verdict,
      proof.failure,
      proof.closedVulnerabilities.join(' '),
      proof.restartedUnits.join(' '),
      proof.rebooted,
      proof.startedAt,
      proof.finishedAt,
    ]);
  });
}

interface ExcludedHost {
  readonly hostName: string;
  readonly reason: string;
}

async function excludedHosts({ context }: Engine, rollout: RolloutRow): Promise<ExcludedHost[]> {
  const [plan] = await context.db.query<{ excluded: ExcludedHost[] }>(
    `select report->'excluded' as excluded from rollout_plan where rollout_id = $1 and plan_hash = $2`,
    [rollout.id, rollout.plan_hash],
  );
  return plan?.excluded ?? [];
}

function excludedCells(rollout: RolloutRow, host: ExcludedHost): (string | boolean | null)[] {
  const none: null[] = Array.from({ length: COLUMNS.length - 9 }, () => null);
  const cells = [
    rollout.name,
    rollout.kind,
    rollout.plan_hash,
    rollout.requested_by,
    rollout.approved_by,
    rollout.self_approved,
    host.hostName,
    null,
    'excluded',
    ...none,
  ];
  cells[COLUMNS.indexOf('verdict')] = host.reason;
  return cells;
}
