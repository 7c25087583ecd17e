import { HOOK_NAME, HOOK_SECONDS_MAX, HOOKS_MAX } from '../core/rollouts/hooks.ts';
import type { HostPlan } from '../core/rollouts/host-plan.ts';
import type { RehearsalPlan } from '../core/rollouts/rehearsal.ts';

/**
 * The closed vocabulary, checked by hand: the agent carries no schema library (security.md 2.3). Every field is named, an unknown one is refused,
 * so there is nothing in a plan that could become a command, a path or a repository.
 */
type Check = (value: unknown) => boolean;

const text =
  (pattern: RegExp): Check =>
  value =>
    typeof value === 'string' && pattern.test(value);
const whole =
  (min: number, max: number): Check =>
  value =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
const one =
  (...values: readonly unknown[]): Check =>
  value =>
    values.includes(value);
const nullable =
  (check: Check): Check =>
  value =>
    value === null || check(value);
const instant: Check = value => typeof value === 'string' && value.length <= 40 && !Number.isNaN(Date.parse(value));

const ID = text(/^[A-Za-z0-9_-]{1,80}$/);
/** dpkg's own grammar; the first character is never a hyphen, so nothing reads as an option. */
const NAME = text(/^[a-z0-9][a-z0-9+.-]{0,199}$/);
const ARCH = text(/^[a-z0-9][a-z0-9-]{0,30}$/);
const VERSION = text(/^[A-Za-z0-9][A-Za-z0-9.+~:-]{0,254}$/);
const UNIT = text(/^[A-Za-z0-9@_.:\\][A-Za-z0-9@_.:\\-]{0,199}$/);
const ADDRESS = text(/^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/);

const FIELDS: Readonly<Record<Exclude<keyof HostPlan, 'hooks'>, Check>> = {
  version: one(1),
  planId: ID,
  policyRoot: one(1),
  installationId: ID,
  hostId: ID,
  sequence: whole(1, Number.MAX_SAFE_INTEGER),
  jobId: ID,
  attempt: whole(1, 1_000),
  rolloutId: ID,
  rolloutPlanHash: text(/^[A-Za-z0-9:_-]{0,100}$/),
  kind: one('patch', 'rollback'),
  notBefore: instant,
  notAfter: instant,
  transaction: list(1, 5_000, transactionItem),
  restart: one('never', 'affected-services'),
  reboot: one('never', 'if-needed', 'always'),
  smokeTests: list(0, 50, smokeTest),
};

const HOOK: Readonly<Record<string, Check>> = {
  phase: one('pre', 'post'),
  name: text(HOOK_NAME),
  timeoutSeconds: whole(1, HOOK_SECONDS_MAX),
};

/** May be left out: a plan without hooks is the same text as before there were any. */
const OPTIONAL_FIELDS: Readonly<Record<string, Check>> = {
  hooks: list(1, HOOKS_MAX, value => objectProblem(value, HOOK) === null),
};

const REHEARSAL_FIELDS: Readonly<Record<keyof RehearsalPlan, Check>> = {
  version: one(1),
  rehearsalId: text(/^[A-Za-z0-9_]{1,80}$/),
  policyRoot: one(1),
  installationId: ID,
  hostId: ID,
  rolloutId: ID,
  rolloutPlanHash: FIELDS.rolloutPlanHash,
  kind: FIELDS.kind,
  notBefore: instant,
  notAfter: instant,
  transaction: FIELDS.transaction,
};

const ITEM: Readonly<Record<string, Check>> = {
  action: one('upgrade', 'downgrade', 'install', 'remove'),
  name: NAME,
  arch: ARCH,
  fromVersion: nullable(VERSION),
  toVersion: nullable(VERSION),
};

const SMOKE_TESTS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  'unit-active': { kind: one('unit-active'), unit: UNIT },
  'tcp-port': { kind: one('tcp-port'), host: ADDRESS, port: whole(1, 65_535) },
  http: { kind: one('http'), url: httpUrl, expectStatus: whole(100, 599) },
};

/** The first field that is wrong, or null for a plan. */
export function planFormProblem(value: unknown): string | null {
  const given = value === null || typeof value !== 'object' ? [] : Object.keys(OPTIONAL_FIELDS).filter(name => Object.hasOwn(value, name));
  return objectProblem(value, { ...FIELDS, ...Object.fromEntries(given.map(name => [name, OPTIONAL_FIELDS[name]!])) });
}

/** The same for a rehearsal. */
export function rehearsalFormProblem(value: unknown): string | null {
  return objectProblem(value, REHEARSAL_FIELDS);
}

function objectProblem(value: unknown, fields: Readonly<Record<string, Check>>): string | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'not an object';
  const unknown = Object.keys(value).find(name => !Object.hasOwn(fields, name));
  if (unknown !== undefined) return `unknown field ${JSON.stringify(unknown.slice(0, 60))}`;
  return (
    Object.entries(fields).find(([name, check]) => !Object.hasOwn(value, name) || !check((value as Record<string, unknown>)[name]))?.[0] ??
    null
  );
}

function list(min: number, max: number, element: Check): Check {
  return value => Array.isArray(value) && value.length >= min && value.length <= max && value.every(element);
}

function transactionItem(value: unknown): boolean {
  if (objectProblem(value, ITEM) !== null) return false;
  const item = value as HostPlan['transaction'][number];
  return (item.action === 'remove') === (item.toVersion === null) && (item.action === 'install') === (item.fromVersion === null);
}

function smokeTest(value: unknown): boolean {
  const kind = (value as { kind?: unknown } | null)?.kind;
  const fields = typeof kind === 'string' && Object.hasOwn(SMOKE_TESTS, kind) ? SMOKE_TESTS[kind] : undefined;
  return fields !== undefined && objectProblem(value, fields) === null;
}

function httpUrl(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 2_000 || !URL.canParse(value)) return false;
  const { protocol } = new URL(value);
  return protocol === 'http:' || protocol === 'https:';
}
