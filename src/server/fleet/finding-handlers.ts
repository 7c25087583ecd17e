import { keyOf } from '../../core/findings/exceptions/scope.ts';
import { epochMs } from '../../core/kernel/instants.ts';
import { FINDINGS_SORTED_MAX } from '../../core/kernel/limits.ts';
import type { Handlers } from '../context.ts';
import type { ExceptionMarks, ExceptionOnHost } from '../ports.ts';
import { csvLine } from '../runtime/csv.ts';
import { type FindingFilter, FindingQuery, type FindingRow } from './finding-rows.ts';
import { findingView, vulnerabilityFacts } from './finding-views.ts';
import type { HostHandlerParts } from './host-handlers.ts';
import type { FleetModel } from './model.ts';
import { type PageInput, parseSort, type SortKeys, type SortOrder, sorted } from './paging.ts';

type Parts = Pick<HostHandlerParts, 'context' | 'model' | 'settled' | 'taken'> & { readonly marks: () => Promise<ExceptionMarks> };

export function findingHandlers({ context, model, settled, taken, marks: askMarks }: Parts): Handlers<'findingList' | 'findingExport'> {
  const sort: SortKeys<FindingRow> = {
    dueAt: row => row.dueMs,
    vulnerabilityId: row => sortableId(row.finding.risk.id),
    hostName: row => model.records[row.slot]!.name.toLowerCase(),
    sourceName: row => row.source.standing.source.name,
    state: row => row.group.state,
    knownExploited: row => row.finding.risk.knownExploited,
    cvssScore: row => vulnerabilityFacts(row.finding.risk).cvssScore,
    epss: row => row.finding.risk.enrichment?.epss?.probability ?? null,
    since: row => row.group.sinceMs,
  };
  return {
    async findingList({ query }) {
      // What one advisory names, or one host has, is worked out from packages and claims; only counts over the whole fleet need everybody's numbers.
      await ((query.vulnerability ?? query.source ?? query.host ?? query.exception) === undefined ? settled() : taken());
      const order = parseSort(query.sort, sort, 'dueAt');
      const nowMs = epochMs(context.clock.now());
      const marks = await askMarks();
      const filter = { ...query, marked: markedBy(marks, query.exception) };
      const { rows, total } = pageOfFindings(model, new FindingQuery(model, filter, nowMs), order, sort, query);
      return { items: rows.map(row => findingView(model, row, nowMs, marks)), total, page: query.page, pageSize: query.pageSize };
    },

    async findingExport({ query }) {
      await taken();
      const marks = await askMarks();
      return findingLines(model, { ...query, marked: markedBy(marks, query.exception) }, epochMs(context.clock.now()), marks);
    },
  };
}

/** A line at a time would be as many turns of the event loop as there are hosts; this is some 100 hosts, or a few milliseconds. */
const CSV_CHUNK_CHARS = 65_536;

/** `any`, `excused` (as the overview counts it: excused.ts), or the id of one exception. */
function markedBy({ byHost }: ExceptionMarks, exception: string | undefined): FindingFilter['marked'] {
  if (exception === undefined) return undefined;
  const isMeant = ({ mark }: ExceptionOnHost) => (exception === 'excused' ? mark.excuses : exception === 'any' || mark.id === exception);
  return {
    withWontFix: exception !== 'excused',
    hostIds: new Set([...byHost].filter(([, own]) => own.some(isMeant)).map(([hostId]) => hostId)),
    has: (hostId, vulnerabilityId, sourceName) =>
      byHost.get(hostId)?.some(one => isMeant(one) && one.keys.has(keyOf(vulnerabilityId, sourceName))) === true,
  };
}

/** CVE-2026-1234 before CVE-2026-12345: the number is padded. */
function sortableId(id: string): string {
  return id.replace(/\d+$/, digits => digits.padStart(10, '0'));
}

/**
 * Up to FINDINGS_SORTED_MAX findings are sorted as asked. More come host by host, the host with the earliest due date first (by name when that is asked
 * for), and are sorted within each host: a fleet has 43 million findings, and only the hosts of the page are opened.
 */
function pageOfFindings(
  model: FleetModel,
  query: FindingQuery,
  order: SortOrder,
  sort: SortKeys<FindingRow>,
  page: PageInput,
): { readonly rows: readonly FindingRow[]; readonly total: number } {
  const hosts: { readonly slot: number; readonly count: number; readonly firstDueMs: number | null }[] = [];
  let total = 0;
  for (const slot of query.slots) {
    const { count, firstDueMs } = query.countOf(slot);
    if (count > 0) hosts.push({ slot, count, firstDueMs });
    total += count;
  }
  const from = (page.page - 1) * page.pageSize;
  if (total <= FINDINGS_SORTED_MAX) {
    const rows = hosts.flatMap(({ slot }) => query.rows(slot));
    const inOrder = sorted(rows, { field: 'all', descending: false }, { all: row => orderText(model, row) });
    return {
      rows: (order.field === 'dueAt' && !order.descending ? inOrder : sorted(inOrder, order, sort)).slice(from, from + page.pageSize),
      total,
    };
  }
  const rows: FindingRow[] = [];
  let skipped = 0;
  for (const { slot, count } of sorted(
    hosts,
    { field: 'host', descending: order.descending },
    { host: ({ slot, firstDueMs }) => (order.field === 'hostName' ? model.records[slot]!.name.toLowerCase() : firstDueMs) },
  )) {
    if (skipped + count > from) rows.push(...sorted(query.rows(slot), order, sort).slice(Math.max(0, from - skipped)));
    skipped += count;
    if (rows.length >= page.pageSize) break;
  }
  return { rows: rows.slice(0, page.pageSize), total };
}

/** The first due date first; among equals the id, the host and the package, so that the order is the same on every server and after every restart. */
function orderText(model: FleetModel, { slot, source, finding, dueMs }: FindingRow): string {
  const due = dueMs === null ? '~' : String(dueMs).padStart(16, '0');
  return `${due} ${sortableId(finding.risk.id)} ${model.records[slot]!.name} ${source.standing.source.name}`;
}

async function* findingLines(model: FleetModel, filter: FindingFilter, nowMs: number, marks: ExceptionMarks): AsyncIterable<string> {
  yield csvLine([
    'host',
    'host id',
    'vulnerability',
    'title',
    'source package',
    'packages',
    'installed version',
    'fixed version',
    'state',
    'kernel state',
    'known exploited',
    'cvss score',
    'cvss vector',
    'epss',
    'since',
    'due',
    'overdue',
    'decision',
    'table',
    'row',
    'clock',
    'evidence',
    'patch',
    'exception',
    'excepted until',
  ]);
  const query = new FindingQuery(model, filter, nowMs);
  let text = '';
  for (const slot of query.slots) {
    // A host may be removed while the file is written.
    if (model.records[slot] === undefined) continue;
    const lines = query.rows(slot).map(row => {
      const view = findingView(model, row, nowMs, marks);
      const evidence = view.evidence.map(one => `${one.source}${one.statedOn ? ` ${one.statedOn}` : ''}: ${one.comparison}`).join('; ');
      return csvLine([
        view.hostName,
        view.hostId,
        view.vulnerabilityId,
        view.title,
        view.sourceName,
        view.packages.join(' '),
        view.installedVersion,
        view.fixedVersion,
        view.state,
        view.kernelState,
        view.knownExploited,
        view.cvssScore,
        view.cvssVector,
        view.epss,
        view.since,
        view.decision.dueAt,
        view.decision.overdue,
        view.decision.outcome,
        view.decision.table,
        view.decision.row,
        view.decision.clockReason,
        evidence,
        view.patchId,
        view.exception === null ? null : `${view.exception.kind}: ${view.exception.reason}`,
        view.exception?.endsAt ?? null,
      ]);
    });
    text += lines.join('');
    if (text.length < CSV_CHUNK_CHARS) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
