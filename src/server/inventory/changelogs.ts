import { MAX_CHANGELOG_CLAIMS_PER_REPORT, MAX_VULNERABILITY_ID_CHARS } from '../../core/kernel/limits.ts';
import type { Context } from '../context.ts';
import type { Collected } from '../ports.ts';

/** Only CVE ids: a changelog is prose, and what else looks like an id there is a bug number. */
const CVE = /^CVE-\d{4}-\d{4,10}$/;

const INSERT = `insert into changelog_claim (release, package_name, fixed_version, vulnerability_id, stated_on, first_host_id, first_seen_at)
select host.release, w.source_name, w.version, v.id, w.stated_on, $1, $3
from host, jsonb_to_recordset($2::jsonb) as w(source_name text, version text, stated_on date, vulnerabilities jsonb), jsonb_array_elements_text(w.vulnerabilities) as v(id)
where host.id = $1 and host.release <> ''
order by 1, 2, 3, 4 on conflict do nothing returning 1`;

/** What the changelogs of a host's candidates and rebuilds name, kept as that host's statement; later hosts that say the same add nothing. Returns how many are new. */
export async function recordChangelogs(
  context: Pick<Context, 'db' | 'clock'>,
  hostId: string,
  notes: Collected['changelogs'],
): Promise<number> {
  let room = MAX_CHANGELOG_CLAIMS_PER_REPORT;
  const rows = notes.flatMap(note => {
    const vulnerabilities = [...new Set(note.vulnerabilities)]
      .filter(id => CVE.test(id) && id.length <= MAX_VULNERABILITY_ID_CHARS)
      .slice(0, room);
    room -= vulnerabilities.length;
    if (vulnerabilities.length === 0) return [];
    return [{ source_name: note.sourceName, version: note.version, stated_on: dayOf(note.entryDate), vulnerabilities }];
  });
  if (rows.length === 0) return 0;
  return (await context.db.query(INSERT, [hostId, JSON.stringify(rows), context.clock.now()])).length;
}

/** Changelog entries carry RFC 5322 dates; the day is what counts. null for what is no date. */
function dayOf(text: string | null): string | null {
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString().slice(0, 10);
}
