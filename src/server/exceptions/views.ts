import type { ExceptionDetailView, ExceptionView } from '../../api/exceptions.ts';
import { inForceAt } from '../../core/findings/exceptions/exception.ts';
import { KINDS } from '../../core/findings/exceptions/kinds.ts';
import { approvalsNeeded } from '../../core/findings/exceptions/life.ts';
import { type ExceptionScope, scopeHash } from '../../core/findings/exceptions/scope.ts';
import { exceptionVerbStates } from '../../core/findings/exceptions/verbs.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { Person } from '../runtime/callers.ts';
import { exceptionActor, lookAt, verbFactsOf } from './decisions.ts';
import type { ExceptionEngine } from './engine.ts';
import { type ExceptionRow, exceptionById, scopeOfRow } from './rows.ts';

function exceptionView(
  { scopes }: ExceptionEngine,
  row: ExceptionRow,
  scope: ExceptionScope,
  openFindings: number,
  now: Instant,
): ExceptionView {
  return {
    id: row.id,
    title: row.title,
    kind: row.kind,
    state: row.state,
    stateSince: row.state_since,
    stateReason: row.state_reason,
    reason: row.reason,
    owner: row.owner,
    requestedBy: row.requested_by,
    approvedBy: row.approved_by,
    selfApproved: row.self_approved,
    createdAt: row.created_at,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    inForce: inForceAt({ state: row.state, startsAt: row.starts_at, endsAt: row.ends_at }, now),
    excuses: KINDS[row.kind].excuses,
    hosts: scope.hostIds.length,
    findings: scope.findings.length,
    openFindings,
    about: aboutOf(scope, hostId => scopes.hostName(hostId)),
    renewals: row.renewals,
  };
}

/** `CVE-2026-1 in openssl and 3 more on web1`. */
function aboutOf({ hostIds, findings, patch }: ExceptionScope, nameOf: (hostId: string) => string | null): string {
  const [first] = findings;
  const more = findings.length > 1 ? ` and ${findings.length - 1} more` : '';
  const what =
    patch === null
      ? first === undefined
        ? 'nothing that is open'
        : `${first.vulnerabilityId} in ${first.sourceName}${more}`
      : `${patch.sourceName} ${patch.targetVersion}`;
  const [host] = hostIds;
  if (host === undefined) return what;
  return `${what} on ${hostIds.length === 1 ? (nameOf(host) ?? host) : `${hostIds.length} hosts`}`;
}

interface EventRow {
  readonly at: Instant;
  readonly actor: string;
  readonly event: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string | null;
}

export async function exceptionDetail(engine: ExceptionEngine, person: Person, id: string): Promise<ExceptionDetailView> {
  const { db, clock } = engine.context;
  const row = await exceptionById(db, id);
  const { scope, look } = await lookAt(engine, row);
  const facts = await verbFactsOf(engine, db, row, scope, look);
  const events = await db.query<EventRow>(
    'select at, actor, event, from_state as "from", to_state as "to", reason from exception_event where exception_id = $1 order by sequence',
    [id],
  );
  const chain = await db.query<ExceptionRow>('select * from exception where chain_id = $1 order by created_at, id', [row.chain_id]);
  return {
    ...exceptionView(engine, row, scope, look.facts.open, clock.now()),
    justification: row.justification,
    controls: [...row.controls],
    controlsCheckedAt: row.controls_checked_at,
    selection: {
      query: row.selection.query,
      hostIds: row.selection.hostIds === null ? null : [...row.selection.hostIds],
      vulnerabilityIds: [...row.selection.vulnerabilityIds],
      sourceName: row.selection.sourceName,
      patchId: row.selection.patchId,
    },
    scope: {
      hash: scopeHash(scope),
      frozenAt: row.frozen_at,
      hosts: scope.hostIds.map(hostId => ({ id: hostId, name: engine.scopes.hostName(hostId) ?? hostId })),
      findings: [...scope.findings],
      patch: scope.patch,
    },
    life: { ...facts.life },
    approvals: row.approvals.map(({ by, at, self }) => ({ by, at, self })),
    approvalsNeeded: approvalsNeeded(row.renewals),
    verbs: exceptionVerbStates(facts, await exceptionActor(engine, person, db)),
    chain: chain.map(one => ({ id: one.id, state: one.state, startsAt: one.starts_at, endsAt: one.ends_at, renewals: one.renewals })),
    events,
  };
}

/** For a list: the stored scope, whatever its state; what waits for a decision is looked up anew on its page. */
export async function exceptionRowView(engine: ExceptionEngine, row: ExceptionRow): Promise<ExceptionView> {
  const scope = scopeOfRow(row);
  const hasEnded = ['expired', 'renewed', 'revoked', 'resolved', 'rejected', 'withdrawn'].includes(row.state);
  // Expired ones are asked too: "expired and still open" is what the list is looked at for.
  const open = hasEnded && row.state !== 'expired' ? 0 : (await engine.scopes.look(scope)).facts.open;
  return exceptionView(engine, row, scope, open, engine.context.clock.now());
}
