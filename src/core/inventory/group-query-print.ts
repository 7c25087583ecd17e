import type { GroupQuery } from './group-query.ts';

const PLAIN = /^[\p{L}\p{N}_*?./:@%+-][\p{L}\p{N}_*?./:@%+~-]*$/u;
const SPECIAL = /^(?:and|or|not|in|all|package)$/i;

/** The text of a query in one spelling: parsing it gives the same query. */
export function printGroupQuery(query: GroupQuery): string {
  switch (query.kind) {
    case 'all':
      return 'all';
    case 'and':
    case 'or':
      return `(${query.parts.map(printGroupQuery).join(` ${query.kind} `)})`;
    case 'not':
      return `not ${printGroupQuery(query.part)}`;
    case 'text':
    case 'label': {
      const name = query.kind === 'label' ? labelName(query.name) : query.name;
      if (query.values.length === 1) return `${name} ${query.operator} ${word(query.values[0]!)}`;
      return `${name} ${query.operator === '=' ? 'in' : 'not in'} (${query.values.map(word).join(', ')})`;
    }
    case 'flag':
      return `${query.name} = ${query.value}`;
    case 'count':
      return `${query.name} ${query.operator} ${query.value}`;
    case 'package':
      return `package ${word(query.name)}${query.operator === null ? '' : ` ${query.operator} ${word(query.version)}`}`;
  }
}

/** Quoted always: a label may have the name of a field. */
function labelName(name: string): string {
  return quoted(name);
}

function word(text: string): string {
  return PLAIN.test(text) && !SPECIAL.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
