import { lifeOf } from '../../core/findings/exceptions/life.ts';
import { EXCEPTION_ENDED, EXCEPTION_IN_FORCE, EXCEPTION_OPEN, EXCEPTION_UNDECIDED } from '../../core/findings/exceptions/states.ts';
import { addMs, DAY_MS } from '../../core/kernel/instants.ts';
import type { Handlers } from '../context.ts';
import { stateIn } from '../runtime/state-in.ts';
import { act } from './decisions.ts';
import { edit } from './drafts.ts';
import type { ExceptionEngine } from './engine.ts';
import { figuresOf } from './figures.ts';
import { asPerson } from './people.ts';
import { coveredAlready, request } from './requests.ts';
import type { ExceptionRow } from './rows.ts';
import { exceptionDetail, exceptionRowView } from './views.ts';

export type ExceptionRoutes =
  | 'exceptionList'
  | 'exceptionFigures'
  | 'exceptionGet'
  | 'exceptionPreview'
  | 'exceptionCreate'
  | 'exceptionUpdate'
  | 'exceptionAct';

const SHOWN = {
  open: stateIn(EXCEPTION_OPEN),
  'in-force': stateIn(EXCEPTION_IN_FORCE),
  waiting: stateIn(EXCEPTION_UNDECIDED),
  ended: stateIn(EXCEPTION_ENDED),
  all: 'true',
} as const;

const SORTS: Readonly<Record<string, string>> = {
  endsAt: 'ends_at',
  createdAt: 'created_at',
  title: 'lower(title)',
  state: 'state',
  owner: 'owner',
};
/** What waits for a decision first, then what ends first; what has ended stands last, the latest of it first. */
const FIRST = `case when ${SHOWN.waiting} then 0 when ${SHOWN.open} then 1 else 2 end,
  case when ${SHOWN.open} then ends_at end, state_since desc`;

const NAMES_SHOWN = 20;

export function exceptionHandlers(engine: ExceptionEngine): Handlers<ExceptionRoutes> {
  const { db, clock } = engine.context;
  return {
    async exceptionList({ query }) {
      const { page, pageSize, state, kind, show, host, vulnerability, search } = query;
      const field = query.sort?.replace(/^-/, '');
      const order = field !== undefined && field in SORTS ? `${SORTS[field]}${query.sort!.startsWith('-') ? ' desc' : ''}` : FIRST;
      const where = `${SHOWN[state === undefined ? show : 'all']} and ($1::text is null or state = $1) and ($2::text is null or kind = $2)
        and ($3::text is null or $3 = any(host_ids)) and ($4::text is null or findings @> jsonb_build_array(jsonb_build_object('vulnerabilityId', $4::text)))
        and ($5::text is null or title || ' ' || reason || ' ' || owner || ' ' || findings::text || ' ' || coalesce(patch::text, '') ilike '%' || $5 || '%')`;
      const values = [state ?? null, kind ?? null, host ?? null, vulnerability ?? null, search?.replace(/[\\%_]/g, '\\$&') || null];
      const [{ total } = { total: 0 }] = await db.query<{ total: number }>(
        `select count(*)::int as total from exception where ${where}`,
        values,
      );
      const rows = await db.query<ExceptionRow>(`select * from exception where ${where} order by ${order}, id limit $6 offset $7`, [
        ...values,
        pageSize,
        (page - 1) * pageSize,
      ]);
      return { items: await Promise.all(rows.map(row => exceptionRowView(engine, row))), total, page, pageSize };
    },

    async exceptionFigures() {
      const { byKind, ...figures } = await figuresOf(engine);
      return { ...figures, byKind: byKind.map(one => ({ ...one })) };
    },

    async exceptionGet({ params }, caller) {
      return await exceptionDetail(engine, asPerson(caller), params.id);
    },

    async exceptionPreview({ body }) {
      const { kind, ...selection } = body;
      const { scope, problem } = await engine.scopes.select(selection, kind);
      const { facts, worst } = await engine.scopes.look(scope);
      const life = lifeOf(worst, kind);
      return {
        problem: problem?.text ?? null,
        hosts: scope.hostIds.length,
        findings: scope.findings.length,
        openFindings: facts.open,
        hostNames: scope.hostIds.slice(0, NAMES_SHOWN).map(id => engine.scopes.hostName(id) ?? id),
        vulnerabilities: [...new Set(scope.findings.map(finding => finding.vulnerabilityId))].slice(0, NAMES_SHOWN),
        life: { ...life },
        latestEnd: addMs(clock.now(), life.days * DAY_MS),
        covered: await coveredAlready(db, scope),
      };
    },

    async exceptionCreate({ body }, caller) {
      const person = asPerson(caller);
      return await exceptionDetail(engine, person, await request(engine, person, body));
    },

    async exceptionUpdate({ params, body }, caller) {
      const person = asPerson(caller);
      return await exceptionDetail(engine, person, await edit(engine, person, params.id, body));
    },

    async exceptionAct({ params, body }, caller) {
      const person = asPerson(caller);
      return await exceptionDetail(engine, person, await act(engine, person, params.id, body));
    },
  };
}
