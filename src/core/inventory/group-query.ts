import { type GroupQueryProblem, parseTokens } from './group-query-parser.ts';
import { readTokens } from './group-query-tokens.ts';

/**
 * The language of groups and selectors: `os = debian-12 and env = prod`, `name ~ web*`, `criticality in (vital, high)`,
 * `package openssl < 3.0.22`, `not reboot = true and (reach = ssh or kev > 0)`. A word that is no field (group-query-fields.ts) is a label.
 * Empty text and `all` match every host. Text compares without regard to case.
 */
export type GroupQuery =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly GroupQuery[] }
  | { readonly kind: 'not'; readonly part: GroupQuery }
  | { readonly kind: 'text'; readonly name: string; readonly operator: TextOperator; readonly values: readonly string[] }
  | { readonly kind: 'label'; readonly name: string; readonly operator: TextOperator; readonly values: readonly string[] }
  | { readonly kind: 'flag'; readonly name: string; readonly value: boolean }
  | { readonly kind: 'count'; readonly name: string; readonly operator: OrderOperator; readonly value: number }
  /** `operator` null: the package is installed, in whatever version. */
  | { readonly kind: 'package'; readonly name: string; readonly operator: OrderOperator | null; readonly version: string };

/** `~` matches a pattern with `*` and `?`; `=` with several values is `in (...)`, `!=` with several is `not in (...)`. */
export type TextOperator = '=' | '!=' | '~' | '!~';
export type OrderOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type GroupQueryParse =
  | { readonly ok: true; readonly query: GroupQuery }
  | { readonly ok: false; readonly problem: GroupQueryProblem };
export type { GroupQueryProblem };

export function parseGroupQuery(text: string): GroupQueryParse {
  const tokens = readTokens(text);
  return 'message' in tokens ? { ok: false, problem: tokens } : parseTokens(tokens);
}
