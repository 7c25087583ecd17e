import type { z } from 'zod';
import type { exceptions as routes } from '../../api/exceptions.ts';
import { approvalsNeeded, lifeOf } from '../../core/findings/exceptions/life.ts';
import { type ExceptionScope, scopeHash } from '../../core/findings/exceptions/scope.ts';
import {
  EXCEPTION_VERBS,
  type ExceptionActor,
  type ExceptionVerb,
  type ExceptionVerbFacts,
  whyNotException,
} from '../../core/findings/exceptions/verbs.ts';
import type { Queryable } from '../../db/db.ts';
import type { ScopeLook } from '../ports.ts';
import type { Person } from '../runtime/callers.ts';
import { conflict, invalid } from '../runtime/problems.ts';
import type { ExceptionEngine } from './engine.ts';
import { type ExceptionStep, inExceptionStep, moveException, tell } from './moves.ts';
import { capital, renew } from './requests.ts';
import { type ExceptionRow, exceptionById, grantedExceptions, ownerBy, renewalOf, scopeOfRow, statusOf } from './rows.ts';
import { settle } from './sweep.ts';

export type ExceptionAction = z.output<(typeof routes)['exceptionAct']['body']>;

/** What a row looks like now: its frozen scope, or what its selection chooses today. */
export async function lookAt({ scopes }: ExceptionEngine, row: ExceptionRow): Promise<{ scope: ExceptionScope; look: ScopeLook }> {
  const isOpen = ['draft', 'requested', 'under-review'].includes(row.state);
  const scope = row.frozen_at === null && isOpen ? (await scopes.select(row.selection, row.kind)).scope : scopeOfRow(row);
  return { scope, look: await scopes.look(scope) };
}

export async function verbFactsOf(
  { context }: ExceptionEngine,
  db: Queryable,
  row: ExceptionRow,
  scope: ExceptionScope,
  look: ScopeLook,
): Promise<ExceptionVerbFacts> {
  return {
    now: context.clock.now(),
    status: statusOf(row, scope),
    life: lifeOf(look.worst, row.kind),
    ownerExists: (await ownerBy(db, row.owner_id)) !== null,
    others: (await grantedExceptions(db)).map(other => statusOf(other)),
    renewalId: await renewalOf(db, row.id),
  };
}

export async function exceptionActor({ people }: ExceptionEngine, person: Person, db: Queryable): Promise<ExceptionActor> {
  return {
    personId: person.personId,
    permissions: person.permissions,
    viaToken: person.viaToken,
    singleRiskOwner: await people.isSinglePerson(person.personId, db, 'exception.approve'),
  };
}

/** Does what a person asks, or says why not. Answers with the id of the exception to show: the new one after a renewal. */
export async function act(engine: ExceptionEngine, person: Person, id: string, action: ExceptionAction): Promise<string> {
  const row = await exceptionById(engine.context.db, id);
  const { scope, look } = await lookAt(engine, row);
  if (action.verb === 'renew') {
    if (action.endsAt === undefined) throw invalid('body/endsAt', 'Say until when.');
    await inExceptionStep(engine.context, async step => void (await allowed(engine, person, step, id, 'renew', scope, look)));
    return await renew(engine, person, row, {
      endsAt: action.endsAt,
      reason: action.reason,
      controlsCheckedAt: action.controlsCheckedAt ?? null,
    });
  }
  const { verb } = action;
  if (NEEDS_REASON.has(verb) && action.reason.trim() === '') throw invalid('body/reason', 'Say why.');
  await inExceptionStep(engine.context, async step => {
    const { row: locked, actor } = await allowed(engine, person, step, id, verb, scope, look);
    const reason = action.reason.trim() === '' ? null : action.reason;
    if (verb === 'approve') return await approve(engine, step, locked, person, actor, { scope, look, reason, scopeHash: action.scopeHash });
    if (verb === 'reopen') locked.approvals = [];
    await moveException(step, locked, EXCEPTION_VERBS[verb].event, { actor: person.login, reason });
  });
  return id;
}

const NEEDS_REASON: ReadonlySet<ExceptionVerb> = new Set(['reject', 'revoke', 'reopen']);

export async function allowed(
  engine: ExceptionEngine,
  person: Person,
  step: ExceptionStep,
  id: string,
  verb: ExceptionVerb,
  scope: ExceptionScope,
  look: ScopeLook,
): Promise<{ row: ExceptionRow; actor: ExceptionActor }> {
  const row = await exceptionById(step.tx, id, 'for update');
  const actor = await exceptionActor(engine, person, step.tx);
  const reason = whyNotException(verb, await verbFactsOf(engine, step.tx, row, scope, look), actor);
  if (reason !== null)
    throw conflict(
      'not-allowed-now',
      `${capital(verb)} is not possible: ${reason}.`,
      'The exception shows which verbs are allowed and why others are not.',
    );
  return { row, actor };
}

interface Granting {
  readonly scope: ExceptionScope;
  readonly look: ScopeLook;
  readonly reason: string | null;
  readonly scopeHash: string | undefined;
}

/** Binds the scope that the approver saw, freezes it, and puts it in force when its time has come. */
async function approve(
  engine: ExceptionEngine,
  step: ExceptionStep,
  row: ExceptionRow,
  person: Person,
  actor: ExceptionActor,
  { scope, look, reason, scopeHash: seen }: Granting,
): Promise<void> {
  const hash = scopeHash(scope);
  if (seen === undefined)
    throw invalid('body/scopeHash', 'Name the scope that you approve.', 'Read the exception and send its scope.hash along.');
  if (seen !== hash)
    throw conflict('scope-changed', 'What it covers has changed since you looked.', 'Look at it again; then approve what it covers now.');
  const self = person.personId === row.requested_by_id;
  row.approvals = [...row.approvals, { by: person.login, byId: person.personId, at: step.now, self }];
  const detail = { scopeHash: hash, hosts: scope.hostIds.length, findings: scope.findings.length, ...(self ? { selfApproved: true } : {}) };
  if (row.approvals.length < approvalsNeeded(row.renewals) && !actor.singleRiskOwner) {
    if (row.state === 'requested') return await moveException(step, row, 'review', { actor: person.login, reason, detail });
    await step.tx.query('update exception set approvals = $2::jsonb where id = $1', [row.id, JSON.stringify(row.approvals)]);
    return await tell(step, row.id, 'first-approval', row.state, row.state, { actor: person.login, reason, detail });
  }
  row.host_ids = scope.hostIds;
  row.findings = scope.findings;
  row.patch = scope.patch;
  row.scope_hash = hash;
  row.frozen_at ??= step.now;
  row.approved_by = person.login;
  row.approved_by_id = person.personId;
  row.self_approved = self;
  row.approved_at = step.now;
  row.baseline = look.facts;
  row.life_class = lifeOf(look.worst, row.kind).name;
  row.reminded_days = null;
  await moveException(step, row, 'approve', { actor: person.login, reason, detail });
  await settle(engine, step, row.id, look);
}
