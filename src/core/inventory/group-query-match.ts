import { deb } from '../versions/deb.ts';
import { compareVersions, isInvalid, type VersionScheme } from '../versions/scheme.ts';
import type { GroupQuery, OrderOperator, TextOperator } from './group-query.ts';
import { GROUP_FIELDS, type GroupHost } from './group-query-fields.ts';

type GroupMatch = (host: GroupHost) => boolean;

/** Compiled once, asked for every host. `schemeOf` orders `package` versions; dpkg's order unless said otherwise. */
export function compileGroupQuery(query: GroupQuery, schemeOf: (host: GroupHost) => VersionScheme = () => deb): GroupMatch {
  switch (query.kind) {
    case 'all':
      return () => true;
    case 'and': {
      const parts = query.parts.map(part => compileGroupQuery(part, schemeOf));
      return host => parts.every(part => part(host));
    }
    case 'or': {
      const parts = query.parts.map(part => compileGroupQuery(part, schemeOf));
      return host => parts.some(part => part(host));
    }
    case 'not': {
      const part = compileGroupQuery(query.part, schemeOf);
      return host => !part(host);
    }
    case 'label': {
      const matches = textMatch(query.operator, query.values);
      return host => matches(labelOf(host, query.name));
    }
    case 'text':
      return fieldMatch(query);
    case 'flag': {
      const field = fieldOf(query.name, 'flag');
      return host => field.of(host) === query.value;
    }
    case 'count': {
      const field = fieldOf(query.name, 'count');
      return host => holds(Math.sign(field.of(host) - query.value), query.operator);
    }
    case 'package':
      return packageMatch(query, schemeOf);
  }
}

function fieldMatch(query: GroupQuery & { kind: 'text' }): GroupMatch {
  const field = fieldOf(query.name, 'text');
  const matches = textMatch(query.operator, query.values);
  if (!field.platform || query.operator.endsWith('~')) return host => matches(field.of(host));
  // `os = debian` is every Debian; `debian:12` is accepted for debian-12, because claims write it so.
  const wanted = query.values.map(value => value.toLowerCase().replace(':', '-'));
  const isOne = (platform: string) =>
    wanted.some(value => platform === value || (!/-\d/.test(value) && platform.replace(/-[^-]*$/, '') === value));
  return host => isOne(field.of(host).toLowerCase()) === (query.operator === '=');
}

/** A label that is not set is the empty text: `env != prod` holds for hosts without `env`. */
function textMatch(operator: TextOperator, values: readonly string[]): (text: string) => boolean {
  const wanted = new Set(values.map(value => value.toLowerCase()));
  const pattern = operator.endsWith('~') ? values[0]!.toLowerCase() : null;
  const positive = !operator.startsWith('!');
  return text => (pattern === null ? wanted.has(text.toLowerCase()) : matchesGlob(pattern, text.toLowerCase())) === positive;
}

/** `*` any text, `?` one character. Two pointers and no regular expression: `*a*a*a*b` takes a backtracking engine hours. */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star < 0) return false;
    else {
      // The last star takes one character more; earlier ones need no second look.
      p = star + 1;
      t = ++resume;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

function labelOf(host: GroupHost, name: string): string {
  if (Object.hasOwn(host.labels, name)) return host.labels[name]!;
  // Labels are lower case by contract; a person may write ENV all the same.
  const lower = name.toLowerCase();
  return Object.hasOwn(host.labels, lower) ? host.labels[lower]! : '';
}

function packageMatch(query: GroupQuery & { kind: 'package' }, schemeOf: (host: GroupHost) => VersionScheme): GroupMatch {
  const { operator, version } = query;
  return host => {
    const versions = host.packageVersions?.(query.name) ?? [];
    if (operator === null) return versions.length > 0;
    return versions.some(installed => {
      const ordering = compareVersions(schemeOf(host), installed, version);
      return !isInvalid(ordering) && holds(ordering, operator);
    });
  };
}

const HOLDS: Readonly<Record<OrderOperator, (sign: number) => boolean>> = {
  '=': sign => sign === 0,
  '!=': sign => sign !== 0,
  '<': sign => sign < 0,
  '<=': sign => sign <= 0,
  '>': sign => sign > 0,
  '>=': sign => sign >= 0,
};

function holds(sign: number, operator: OrderOperator): boolean {
  return HOLDS[operator](sign);
}

function fieldOf<Kind extends 'text' | 'flag' | 'count'>(name: string, kind: Kind) {
  const field = GROUP_FIELDS[name];
  if (field?.kind !== kind) throw new Error(`${name} is no ${kind} field`);
  return field as Extract<typeof field, { kind: Kind }>;
}
