import { type CvssVersion, METRIC_GROUPS, type MetricGroup } from './metrics.ts';

export interface CvssVector {
  readonly version: CvssVersion;
  /** Every metric of the version; those that the vector leaves out are "not defined" (`ND` in v2, else `X`). */
  readonly metrics: Readonly<Record<string, string>>;
}

type CvssParse = { readonly ok: true; readonly vector: CvssVector } | { readonly ok: false; readonly reason: string };

type MetricValues = Readonly<Record<string, readonly string[]>>;
const VALUES = Object.fromEntries(
  Object.entries(METRIC_GROUPS).map(([version, groups]) => [
    version,
    Object.assign({}, ...groups.map(group => group.metrics)) as MetricValues,
  ]),
) as Readonly<Record<CvssVersion, MetricValues>>;

const PREFIX = /^CVSS:([0-9.]+)\//;

/** Reads a vector. Metrics may come in any order, because the order says nothing; one that is missing, twice there or unknown is refused by name. */
export function parseVector(raw: string): CvssParse {
  const text = raw.trim();
  if (text === '') return no('empty vector');
  const stated = PREFIX.exec(text)?.[1];
  if (stated === undefined && /^cvss:/i.test(text)) return no('the prefix is written CVSS:3.0/, CVSS:3.1/ or CVSS:4.0/, in capitals');
  const version = stated ?? '2.0';
  if (!isVersion(version)) return no(`there is no CVSS version ${version}`);
  if (stated === '2.0') return no('a v2 vector has no "CVSS:" prefix');
  return readMetrics(version, stated ? text.slice(`CVSS:${stated}/`.length) : withoutParentheses(text));
}

function readMetrics(version: CvssVersion, text: string): CvssParse {
  const groups = METRIC_GROUPS[version];
  const values = VALUES[version];
  const given = new Map<string, string>();
  for (const field of text.split('/')) {
    const colon = field.indexOf(':');
    const metric = field.slice(0, colon);
    const value = field.slice(colon + 1);
    if (colon < 1) return no(`"${field.slice(0, 40)}" is not METRIC:VALUE`);
    if (!Object.hasOwn(values, metric)) return no(`CVSS ${version} has no metric "${metric}"`);
    if (given.has(metric)) return no(`${metric} is given twice`);
    if (!values[metric]!.includes(value)) return no(`${metric} is "${value}", not one of ${values[metric]!.join(', ')}`);
    given.set(metric, value);
  }
  const missing = Object.keys(groups[0]!.metrics).filter(metric => !given.has(metric));
  if (missing.length > 0) return no(`base metrics are missing: ${missing.join(', ')}`);
  const metrics = Object.fromEntries(Object.entries(values).map(([metric, [first]]) => [metric, given.get(metric) ?? first!]));
  return { ok: true, vector: { version, metrics } };
}

/** True where the vector says anything in a group other than "not defined". */
export function definesGroup({ version, metrics }: CvssVector, name: MetricGroup['name']): boolean {
  const group = METRIC_GROUPS[version].find(candidate => candidate.name === name);
  return group !== undefined && Object.entries(group.metrics).some(([metric, [undefinedValue]]) => metrics[metric] !== undefinedValue);
}

/** The same vector with every metric of the named groups "not defined". */
export function withoutGroups({ version, metrics }: CvssVector, names: readonly MetricGroup['name'][]): CvssVector {
  const reset = METRIC_GROUPS[version]
    .filter(group => names.includes(group.name))
    .flatMap(group => Object.entries(group.metrics).map(([metric, [undefinedValue]]) => [metric, undefinedValue!]));
  return { version, metrics: { ...metrics, ...Object.fromEntries(reset) } };
}

/** Older feeds write v2 vectors in parentheses. */
function withoutParentheses(text: string): string {
  return text.startsWith('(') && text.endsWith(')') ? text.slice(1, -1) : text;
}

function isVersion(text: string): text is CvssVersion {
  return Object.hasOwn(METRIC_GROUPS, text);
}

function no(reason: string): CvssParse {
  return { ok: false, reason };
}
