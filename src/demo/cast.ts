import { addMs, DAY_MS, epochMs, type Instant } from '../core/kernel/instants.ts';
import { Random } from '../sim/random.ts';
import type { Release } from './archive.ts';

/** How a host's packages moved before anybody planned it: every night by itself, once a month by hand, or whenever somebody thought of it. */
type Habit = 'nightly' | 'monthly' | 'seldom';

export interface HostPart {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly release: Release;
  readonly role: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly exposure: 'public' | 'controlled' | 'local' | null;
  readonly criticality: 'vital' | 'high' | 'normal' | 'low' | null;
  readonly reach: 'agent' | 'upload';
  readonly habit: Habit;
  /** Silent since so many days; null: it answers. */
  readonly silentSinceDays: number | null;
  readonly held: readonly string[];
}

interface RoleRow {
  readonly role: string;
  readonly share: number;
  readonly team: string;
  readonly exposure: HostPart['exposure'];
  readonly criticality: HostPart['criticality'];
}

const ROLES: readonly RoleRow[] = [
  { role: 'web', share: 22, team: 'storefront', exposure: 'public', criticality: 'high' },
  { role: 'app', share: 18, team: 'storefront', exposure: 'controlled', criticality: 'high' },
  { role: 'container', share: 16, team: 'platform', exposure: 'controlled', criticality: 'normal' },
  { role: 'db', share: 10, team: 'data', exposure: 'local', criticality: 'vital' },
  { role: 'batch', share: 8, team: 'data', exposure: 'local', criticality: 'low' },
  { role: 'cache', share: 6, team: 'storefront', exposure: 'local', criticality: 'normal' },
  { role: 'lb', share: 5, team: 'platform', exposure: 'public', criticality: 'vital' },
  { role: 'sql', share: 4, team: 'data', exposure: 'local', criticality: 'high' },
  { role: 'files', share: 3, team: 'office', exposure: 'local', criticality: 'normal' },
  { role: 'mail', share: 3, team: 'office', exposure: 'public', criticality: 'high' },
  { role: 'dns', share: 2, team: 'platform', exposure: 'public', criticality: 'vital' },
  { role: 'proxy', share: 2, team: 'office', exposure: 'controlled', criticality: 'low' },
  { role: 'monitor', share: 1, team: 'platform', exposure: 'local', criticality: 'normal' },
];
const SITES = ['fra', 'ams', 'nyc'] as const;
export const SITE_ZONES: Readonly<Record<string, string>> = { fra: 'Europe/Berlin', ams: 'Europe/Amsterdam', nyc: 'America/New_York' };
/** RFC 2606 keeps this name for examples. */
const DOMAIN = 'nw.example';

/** The hosts of a made-up company. `count` of them; the first of each role come before the second, so that a small fleet has every role as well. */
export function castOf(count: number, seed: number): HostPart[] {
  const random = new Random(seed);
  const shares = ROLES.map(row => ({ row, taken: 0 }));
  const total = ROLES.reduce((sum, row) => sum + row.share, 0);
  return Array.from({ length: count }, (_, at) => {
    // The role that lags furthest behind its share comes next.
    const next = shares.reduce((best, one) => (lag(one, at, total) > lag(best, at, total) ? one : best));
    next.taken += 1;
    return partOf(next.row, next.taken, at + 1, count, random.fork(at));
  });
}

function lag({ row, taken }: { row: RoleRow; taken: number }, at: number, total: number): number {
  return ((at + 1) * row.share) / total - taken + (taken === 0 ? 1 : 0);
}

function partOf(row: RoleRow, ofRole: number, number: number, count: number, random: Random): HostPart {
  const site = SITES[ofRole % 7 < 4 ? 0 : ofRole % 7 < 6 ? 1 : 2]!;
  const env = ofRole % 10 === 3 || ofRole % 10 === 8 ? 'stage' : ofRole % 10 === 6 ? 'test' : 'prod';
  const luck = random.next();
  const release: Release = luck < 0.08 ? '11' : luck < 0.74 ? '12' : '13';
  const upload = number % 61 === 40;
  const special = number === count ? 'legacy-erp-reporting-bridge-01.internal.customer-services' : null;
  const habit: Habit = release === '11' ? 'seldom' : env === 'prod' ? (random.chance(0.87) ? 'monthly' : 'seldom') : 'nightly';
  return {
    number,
    name: `${special ?? `${row.role}-${site}-${String(ofRole).padStart(2, '0')}`}.${DOMAIN}`,
    address: `10.${20 + SITES.indexOf(site)}.${Math.floor(number / 200)}.${(number % 200) + 10}`,
    release: special === null ? release : '11',
    role: row.role,
    labels: { env, site, role: row.role, team: row.team },
    exposure: random.chance(0.06) ? null : row.exposure,
    criticality: env === 'prod' ? (random.chance(0.08) ? null : row.criticality) : 'low',
    reach: upload ? 'upload' : 'agent',
    habit,
    silentSinceDays:
      upload || number < 40 ? null : random.chance(0.006) ? random.between(9, 40) : random.chance(0.008) ? random.between(1, 3) : null,
    held: env === 'prod' && row.role === 'db' && ofRole % 4 === 0 ? ['postgresql'] : number % 73 === 20 ? ['sudo'] : [],
  };
}

/** When the host's own habit put a version of this day in place; null: not yet by `until`. */
export function appliedAt(part: HostPart, publishedAt: Instant, until: Instant, random: Random): Instant | null {
  const days = epochMs(publishedAt) / DAY_MS;
  const at =
    part.habit === 'nightly'
      ? days + 0.6 + random.next() * 1.6
      : part.habit === 'monthly'
        ? nextDay(days, 28, (part.number * 5) % 28) + random.next() / 12
        : nextDay(days, 91, (part.number * 11) % 91) + random.next() / 12;
  const moment = addMs('1970-01-01T00:00:00.000Z', Math.floor(at * DAY_MS));
  return moment <= until ? moment : null;
}

/** The first day after `after` on which a round of `every` days, beginning at `offset`, comes by. */
function nextDay(after: number, every: number, offset: number): number {
  return Math.ceil((after + 1 - offset) / every) * every + offset + 0.9;
}
