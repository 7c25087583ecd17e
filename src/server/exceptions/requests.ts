import type { z } from 'zod';
import type { exceptions as routes } from '../../api/exceptions.ts';
import { kindProblem } from '../../core/findings/exceptions/kinds.ts';
import { CHAIN_DAYS, type Life, lifeOf, lifeProblem } from '../../core/findings/exceptions/life.ts';
import { type ExceptionScope, overlapOf, scopeHash } from '../../core/findings/exceptions/scope.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { addMs, DAY_MS } from '../../core/kernel/instants.ts';
import type { Queryable } from '../../db/db.ts';
import type { ScopeSelection } from '../ports.ts';
import type { Person } from '../runtime/callers.ts';
import { invalid } from '../runtime/problems.ts';
import type { ExceptionEngine } from './engine.ts';
import { type ExceptionStep, inExceptionStep, moveException, tell } from './moves.ts';
import { type ExceptionRow, exceptionById, grantedExceptions, ownerBy, scopeOfRow } from './rows.ts';

export type ExceptionRequest = z.output<(typeof routes)['exceptionCreate']['body']>;

export interface Asked extends Omit<ExceptionRequest, 'query' | 'hostIds' | 'vulnerabilityIds' | 'sourceName' | 'patchId'> {
  readonly selection: ScopeSelection;
  readonly renews: ExceptionRow | null;
}

/** Asks for an exception: what is wrong with it is said at once, because a person who has to decide later sees nothing but what was asked. */
export async function request(engine: ExceptionEngine, person: Person, body: ExceptionRequest): Promise<string> {
  return await ask(engine, person, askedOf(body));
}

export function askedOf({ query, hostIds, vulnerabilityIds, sourceName, patchId, ...rest }: ExceptionRequest): Asked {
  return { ...rest, selection: { query, hostIds, vulnerabilityIds, sourceName, patchId }, renews: null };
}

/** The next one of the chain: the same findings on the same hosts as far as they are still open, decided on anew. */
export async function renew(
  engine: ExceptionEngine,
  person: Person,
  before: ExceptionRow,
  { endsAt, reason, controlsCheckedAt }: { endsAt: string; reason: string; controlsCheckedAt: string | null },
): Promise<string> {
  return await ask(engine, person, {
    title: before.title,
    kind: before.kind,
    reason: reason.trim() === '' ? before.reason : reason,
    owner: before.owner_id,
    startsAt: null,
    endsAt,
    justification: before.justification,
    controls: [...before.controls],
    controlsCheckedAt: controlsCheckedAt ?? before.controls_checked_at,
    draft: false,
    selection: {
      query: null,
      hostIds: before.host_ids,
      vulnerabilityIds: [],
      sourceName: null,
      patchId: before.patch?.patchId ?? null,
      findings: before.findings,
    },
    renews: before,
  });
}

/** What is asked for, looked at before the transaction: what it covers now and how long that may last. */
export async function lookAtAsked({ scopes }: ExceptionEngine, asked: Asked): Promise<{ scope: ExceptionScope; life: Life }> {
  const { selection, kind } = asked;
  const wrong = kindProblem({
    kind,
    justification: asked.justification,
    controls: asked.controls,
    controlsCheckedAt: asked.controlsCheckedAt,
    hasPatch: selection.patchId !== null,
  });
  if (wrong !== null) throw invalid(`body/${wrong.field}`, `${capital(wrong.text)}.`);
  const { scope, problem } = await scopes.select(selection, kind);
  if (problem !== null) throw invalid(`body/${problem.field}`, problem.text);
  const { worst } = await scopes.look(scope);
  return { scope, life: lifeOf(worst, kind) };
}

/** The columns that say what is asked for: the same for a new one and for a draft that is edited. */
export async function columnsOf(
  step: ExceptionStep,
  id: string,
  asked: Asked,
  { scope, life }: { readonly scope: ExceptionScope; readonly life: Life },
): Promise<Record<string, unknown>> {
  const startsAt = asked.startsAt === null || asked.startsAt < step.now ? step.now : asked.startsAt;
  const ends = lifeProblem(startsAt, asked.endsAt, step.now, life);
  if (ends !== null) throw invalid('body/endsAt', `${capital(ends)}.`);
  if (asked.controlsCheckedAt !== null && asked.controlsCheckedAt > step.now)
    throw invalid('body/controlsCheckedAt', 'The controls cannot have been checked in the future.');
  const owner = await ownerBy(step.tx, asked.owner);
  if (owner === null)
    throw invalid('body/owner', 'There is no such person, or they are disabled.', 'Name the login of the person who answers for the risk.');
  const before = asked.renews ?? (await lapsedBefore(step, scope));
  return {
    title: asked.title,
    kind: asked.kind,
    reason: asked.reason,
    justification: asked.justification,
    controls: asked.controls,
    controls_checked_at: asked.controlsCheckedAt,
    selection: JSON.stringify(asked.selection),
    host_ids: scope.hostIds,
    findings: JSON.stringify(scope.findings),
    patch: scope.patch === null ? null : JSON.stringify(scope.patch),
    scope_hash: scopeHash(scope),
    owner_id: owner.id,
    owner: owner.login,
    starts_at: startsAt,
    ends_at: asked.endsAt,
    life_class: life.name,
    chain_id: before?.chain_id ?? id,
    renews_id: before?.id ?? null,
    renewals: before === null ? 0 : before.renewals + 1,
  };
}

async function ask(engine: ExceptionEngine, person: Person, asked: Asked): Promise<string> {
  const { context } = engine;
  const looked = await lookAtAsked(engine, asked);
  return await inExceptionStep(context, async step => {
    const id = makeId('exception', context.randomHex(16));
    const row = {
      id,
      state: 'draft',
      state_since: step.now,
      requested_by: person.login,
      requested_by_id: person.personId,
      created_at: step.now,
      ...(await columnsOf(step, id, asked, looked)),
    };
    const columns = Object.keys(row);
    await step.tx.query(
      `insert into exception (${columns.join(', ')}) values (${columns.map((_, at) => `$${at + 1}`).join(', ')})`,
      Object.values(row),
    );
    await tell(step, id, 'create', 'draft', 'draft', {
      actor: person.login,
      reason: asked.reason,
      detail: detailOf(asked, row, looked.scope),
    });
    if (!asked.draft)
      await moveException(step, await exceptionById(step.tx, id, 'for update'), 'submit', { actor: person.login, reason: null });
    return id;
  });
}

/** For the history and the audit trail. */
export function detailOf(asked: Asked, columns: Readonly<Record<string, unknown>>, scope: ExceptionScope): Record<string, unknown> {
  const { title, kind, endsAt } = asked;
  return { title, kind, hosts: scope.hostIds.length, findings: scope.findings.length, endsAt, renews: columns.renews_id };
}

/** Letting one run out and asking again would start the count of renewals anew; for a while it does not. */
async function lapsedBefore(step: ExceptionStep, scope: ExceptionScope): Promise<ExceptionRow | null> {
  const rows = await step.tx.query<ExceptionRow>(
    `select * from exception where state = 'expired' and approved_by_id is not null and state_since > $1 order by state_since desc, id`,
    [addMs(step.now, -CHAIN_DAYS * DAY_MS)],
  );
  return rows.find(row => overlapOf(scope, scopeOfRow(row)) !== null) ?? null;
}

/** What is granted already for some of the scope, in words; null when nothing. */
export async function coveredAlready(db: Queryable, scope: ExceptionScope): Promise<string | null> {
  for (const row of await grantedExceptions(db)) {
    const same = overlapOf(scope, scopeOfRow(row));
    if (same !== null) return `“${row.title}” (${row.id}) covers ${same.what} until ${row.ends_at.slice(0, 10)}`;
  }
  return null;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
