import type { HostFacts, Reach } from '../../core/inventory/snapshot.ts';
import type { HostExposure } from '../../core/remediation/deadline.ts';
import type { Criticality } from '../../core/remediation/patch.ts';
import type { Db } from '../../db/db.ts';
import { copyRows } from './copy-binary.ts';

/** One host with its inventory, as the model takes it in. Byte fields are views on what the database sent: copy what is kept. */
export interface HostRow {
  readonly id: string;
  readonly name: string;
  readonly address: string | null;
  readonly reach: Reach;
  readonly platform: string;
  readonly release: string;
  readonly osName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly criticality: Criticality;
  readonly exposure: HostExposure;
  readonly enrolledMs: number;
  readonly lastSeenMs: number | null;
  readonly inventoryMs: number | null;
  readonly problem: string | null;
  /** null before the first inventory. */
  readonly inventory: InventoryRow | null;
}

interface InventoryRow {
  readonly observedMs: number;
  readonly packagesDigest: Buffer;
  readonly candidatesDigest: Buffer;
  readonly packageCount: number;
  readonly heldCount: number;
  readonly packages: Buffer;
  readonly candidates: Buffer | null;
  readonly since: Buffer;
  readonly facts: FindingFacts;
}

export type FindingFacts = Pick<HostFacts, 'os' | 'bootedAt' | 'kernel' | 'reboot' | 'staleProcesses' | 'packageManager' | 'livePatches'>;

const COLUMNS = `host.id, host.name, host.address, host.reach, host.platform, host.release, host.os_name, host.labels::text, host.criticality, host.exposure,
  (extract(epoch from host.enrolled_at) * 1000)::float8, (extract(epoch from s.last_seen_at) * 1000)::float8, (extract(epoch from s.inventory_at) * 1000)::float8, s.problem,
  (extract(epoch from i.observed_at) * 1000)::float8, i.packages_digest, i.candidates_digest, i.package_count, cardinality(i.held), i.packages, i.candidates, i.since, i.finding_facts::text`;
const FROM =
  'from host left join host_inventory i on i.host_id = host.id left join host_seen s on s.host_id = host.id where host.removed_at is null';

type Cells = readonly (string | number | Buffer | null)[];

/** Hosts that do not exist or were removed are missing from the answer. */
export async function readHosts(db: Db, ids: readonly string[]): Promise<HostRow[]> {
  const { rows } = await db.pool.query<(string | number | Buffer | null)[]>({
    text: `select ${COLUMNS} ${FROM} and host.id = any($1)`,
    values: [ids],
    rowMode: 'array',
  });
  const shared: Shared = { texts: new Map(), labels: new Map() };
  return rows.map(row => toRow(row, shared));
}

/** All hosts, a chunk at a time. Texts that many hosts have alike are there once. */
export async function* allHosts(db: Db): AsyncIterable<readonly HostRow[]> {
  const shared: Shared = { texts: new Map(), labels: new Map() };
  for await (const rows of copyRows(db, `select ${COLUMNS} ${FROM} order by host.id`))
    yield rows.map(row => toRow(row.map(binaryCell), shared));
}

interface Shared {
  readonly texts: Map<string, string>;
  readonly labels: Map<string, Readonly<Record<string, string>>>;
}

/** Columns that are no text, by position in COLUMNS; PostgreSQL's binary format does not name types. */
const FLOATS: ReadonlySet<number> = new Set([10, 11, 12, 14]);
const INTEGERS: ReadonlySet<number> = new Set([17, 18]);
const BYTES: ReadonlySet<number> = new Set([15, 16, 19, 20, 21]);

function binaryCell(cell: Buffer | null, column: number): Cells[number] {
  if (cell === null || BYTES.has(column)) return cell;
  if (FLOATS.has(column)) return cell.readDoubleBE();
  return INTEGERS.has(column) ? cell.readInt32BE() : cell.toString();
}

function toRow(cells: Cells, { texts, labels: knownLabels }: Shared): HostRow {
  const once = (text: string) => texts.getOrInsert(text, text);
  const [
    id,
    name,
    address,
    reach,
    platform,
    release,
    osName,
    labels,
    criticality,
    exposure,
    enrolledMs,
    lastSeenMs,
    inventoryMs,
    problem,
    observedMs,
  ] = cells;
  return {
    id: id as string,
    name: name as string,
    address: address as string | null,
    reach: once(reach as string) as Reach,
    platform: once(platform as string),
    release: once(release as string),
    osName: once(osName as string),
    labels: knownLabels.getOrInsertComputed(labels as string, text => JSON.parse(text) as Record<string, string>),
    criticality: once(criticality as string) as Criticality,
    exposure: once(exposure as string) as HostExposure,
    enrolledMs: Math.round(enrolledMs as number),
    lastSeenMs: lastSeenMs === null ? null : Math.round(lastSeenMs as number),
    inventoryMs: inventoryMs === null ? null : Math.round(inventoryMs as number),
    problem: problem as string | null,
    inventory: observedMs === null ? null : toInventory(cells),
  };
}

function toInventory(cells: Cells): InventoryRow {
  const [observedMs, packagesDigest, candidatesDigest, packageCount, heldCount, packages, candidates, since, facts] = cells.slice(14);
  return {
    observedMs: Math.round(observedMs as number),
    packagesDigest: packagesDigest as Buffer,
    candidatesDigest: candidatesDigest as Buffer,
    packageCount: packageCount as number,
    heldCount: heldCount as number,
    packages: packages as Buffer,
    candidates: candidates as Buffer | null,
    since: since as Buffer,
    facts: JSON.parse(facts as string) as FindingFacts,
  };
}
