import { MAX_GROUP_QUERY_DEPTH } from '../kernel/limits.ts';
import type { GroupQuery, GroupQueryParse, OrderOperator, TextOperator } from './group-query.ts';
import { GROUP_FIELD_ALIASES, GROUP_FIELDS, type GroupField } from './group-query-fields.ts';
import type { GroupQueryProblem, Token } from './group-query-tokens.ts';

export type { GroupQueryProblem };

/** Thrown inside the parser only; parseTokens turns it into a value. */
class Wrong extends Error {
  readonly problem: GroupQueryProblem;
  constructor(message: string, position: number) {
    super(message);
    this.problem = { message, position };
  }
}

const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in']);

export function parseTokens(tokens: readonly Token[]): GroupQueryParse {
  try {
    return { ok: true, query: new Parser(tokens).query() };
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, problem: error.problem };
    throw error;
  }
}

/** query: all | or.   or: and (`or` and)*.   and: unary (`and` unary)*.   unary: `not` unary | `(` or `)` | condition. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): GroupQuery {
    if (this.#next.kind === 'end') return { kind: 'all' };
    const query = this.#chain('or');
    const rest = this.#next;
    if (rest.kind === 'end') return query;
    throw new Wrong(rest.kind === 'close' ? 'this ) has no (' : `expected and, or, or the end before ${shown(rest)}`, rest.position);
  }

  #chain(word: 'and' | 'or'): GroupQuery {
    const parts: GroupQuery[] = [];
    do parts.push(word === 'or' ? this.#chain('and') : this.#unary());
    while (this.#takeKeyword(word));
    return parts.length === 1 ? parts[0]! : { kind: word, parts };
  }

  #unary(): GroupQuery {
    const start = this.#next;
    if (++this.#depth > MAX_GROUP_QUERY_DEPTH)
      throw new Wrong(`more than ${MAX_GROUP_QUERY_DEPTH} levels of parentheses and not`, start.position);
    try {
      if (this.#takeKeyword('not')) return { kind: 'not', part: this.#unary() };
      if (this.#next.kind !== 'open') return this.#condition();
      this.#take();
      const inner = this.#chain('or');
      if (this.#take().kind !== 'close') throw new Wrong('this ( is not closed', start.position);
      return inner;
    } finally {
      this.#depth--;
    }
  }

  #condition(): GroupQuery {
    const subject = this.#take();
    if (subject.kind !== 'word' && subject.kind !== 'quoted')
      throw new Wrong(`expected a field or label before ${shown(subject)}, for example os = debian-12`, subject.position);
    const word = subject.text.toLowerCase();
    if (subject.kind === 'word' && KEYWORDS.has(word))
      throw new Wrong(`expected a field or label, not ${word}; a label of that name is written "${word}"`, subject.position);
    if (subject.kind === 'word' && word === 'all' && this.#next.kind !== 'operator') return { kind: 'all' };
    if (subject.kind === 'word' && word === 'package') return this.#package();
    const labelName = /^label\.(.+)$/i.exec(subject.text)?.[1];
    const name = own(GROUP_FIELD_ALIASES, word) ?? word;
    const field = subject.kind === 'quoted' || labelName ? undefined : own(GROUP_FIELDS, name);
    if (!field || field.kind === 'text') return this.#text(labelName ?? (field ? name : subject.text), field);
    if (field.kind === 'count') return this.#count(name);
    return this.#flag(name);
  }

  #text(name: string, field: (GroupField & { kind: 'text' }) | undefined): GroupQuery {
    const kind = field ? 'text' : 'label';
    const negated = this.#takeKeyword('not');
    if (this.#takeKeyword('in')) return { kind, name, operator: negated ? '!=' : '=', values: this.#list(name, field) };
    const operator = this.#take();
    if (negated || operator.kind !== 'operator')
      throw new Wrong(
        `expected =, !=, ~ or in after ${name}${field ? '' : ' (a label, as it is no field)'}, for example ${name} = ${field?.values?.[0] ?? 'web'}`,
        operator.position,
      );
    if (!/^!?[=~]$/.test(operator.text)) throw new Wrong(`${name} has no order; write =, !=, ~ or in`, operator.position);
    const isPattern = operator.text.endsWith('~');
    return { kind, name, operator: operator.text as TextOperator, values: [this.#value(name, isPattern ? undefined : field)] };
  }

  #list(name: string, field: (GroupField & { kind: 'text' }) | undefined): string[] {
    const open = this.#take();
    if (open.kind !== 'open')
      throw new Wrong(`expected ( after in, for example ${name} in (${field?.values?.slice(0, 2).join(', ') ?? 'a, b'})`, open.position);
    const values: string[] = [];
    for (;;) {
      values.push(this.#value(name, field));
      const separator = this.#take();
      if (separator.kind === 'close') return values;
      if (separator.kind !== 'comma')
        throw new Wrong(`expected , or ) in the list of ${name}, not ${shown(separator)}`, separator.position);
    }
  }

  #value(name: string, field: (GroupField & { kind: 'text' }) | undefined): string {
    const value = this.#take();
    if (value.kind !== 'word' && value.kind !== 'quoted')
      throw new Wrong(`expected a value for ${name}, not ${shown(value)}`, value.position);
    const allowed = field?.values;
    if (allowed && !allowed.includes(value.text.toLowerCase())) throw new Wrong(`${name} is one of ${allowed.join(', ')}`, value.position);
    return value.text;
  }

  #count(name: string): GroupQuery {
    const operator = this.#order(name, `${name} > 0`);
    const value = this.#take();
    const flag = asFlag(value);
    if (flag !== null && (operator === '=' || operator === '!='))
      return { kind: 'count', name, operator: flag === (operator === '=') ? '>' : '=', value: 0 };
    if (value.kind !== 'word' || !/^\d{1,9}$/.test(value.text))
      throw new Wrong(`${name} is a number, or true and false for any and none`, value.position);
    return { kind: 'count', name, operator, value: Number(value.text) };
  }

  #flag(name: string): GroupQuery {
    const operator = this.#order(name, `${name} = true`);
    const value = this.#take();
    const flag = asFlag(value);
    if (flag === null || (operator !== '=' && operator !== '!=')) throw new Wrong(`${name} is true or false`, value.position);
    return { kind: 'flag', name, value: flag === (operator === '=') };
  }

  #package(): GroupQuery {
    const name = this.#take();
    if (name.kind !== 'word' && name.kind !== 'quoted')
      throw new Wrong('expected the name of a package, for example package openssl < 3.0.22', name.position);
    if (this.#next.kind !== 'operator') return { kind: 'package', name: name.text, operator: null, version: '' };
    const operator = this.#order('package', 'package openssl < 3.0.22');
    const version = this.#take();
    if (version.kind !== 'word' && version.kind !== 'quoted') throw new Wrong(`expected a version of ${name.text}`, version.position);
    return { kind: 'package', name: name.text, operator, version: version.text };
  }

  #order(name: string, example: string): OrderOperator {
    const operator = this.#take();
    if (operator.kind !== 'operator' || operator.text.endsWith('~'))
      throw new Wrong(`expected =, !=, <, <=, > or >= after ${name}, for example ${example}`, operator.position);
    return operator.text as OrderOperator;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #take(): Token {
    const token = this.#next;
    // The end is never passed: whatever comes after it is the end again.
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  #takeKeyword(word: string): boolean {
    if (this.#next.kind !== 'word' || this.#next.text.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }
}

/** A label may be called `constructor`. */
function own<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function asFlag(token: Token): boolean | null {
  if (token.kind !== 'word') return null;
  return own({ true: true, yes: true, false: false, no: false }, token.text.toLowerCase()) ?? null;
}

function shown(token: Token): string {
  return token.kind === 'end' ? 'the end' : JSON.stringify(token.text);
}
