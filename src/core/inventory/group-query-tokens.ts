import { MAX_GROUP_QUERY_CHARS } from '../kernel/limits.ts';

/** `position` counts characters from 0 and points at what is wrong; the message says what to write instead. */
export interface GroupQueryProblem {
  readonly message: string;
  readonly position: number;
}

export interface Token {
  /** `quoted` text is never a keyword. */
  readonly kind: 'word' | 'quoted' | 'operator' | 'open' | 'close' | 'comma' | 'end';
  readonly text: string;
  readonly position: number;
}

const PUNCTUATION: Readonly<Record<string, Token['kind']>> = { '(': 'open', ')': 'close', ',': 'comma' };
const OPERATOR = /(?:<=|>=|!=|!~|==|=|~|<|>)/y;
/** Everything that names, labels, versions and addresses hold. `~` stands inside a version (`1.0~rc1`) but never at the start of a word. */
const WORD = /[\p{L}\p{N}_*?./:@%+-][\p{L}\p{N}_*?./:@%+~-]*/uy;
const QUOTED = /"((?:[^"\\]|\\["\\])*)"/y;

export function readTokens(text: string): Token[] | GroupQueryProblem {
  if (text.length > MAX_GROUP_QUERY_CHARS)
    return { message: `the query is longer than ${MAX_GROUP_QUERY_CHARS} characters`, position: MAX_GROUP_QUERY_CHARS };
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    if (/\s/.test(character)) {
      at++;
      continue;
    }
    const token = tokenAt(text, at);
    if (token === null) return unreadable(text, at);
    tokens.push(token.token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', position: text.length });
  return tokens;
}

function tokenAt(text: string, at: number): { token: Token; end: number } | null {
  const punctuation = PUNCTUATION[text[at]!];
  if (punctuation) return { token: { kind: punctuation, text: text[at]!, position: at }, end: at + 1 };
  const operator = match(OPERATOR, text, at);
  if (operator)
    return { token: { kind: 'operator', text: operator[0] === '==' ? '=' : operator[0], position: at }, end: at + operator[0].length };
  const quoted = match(QUOTED, text, at);
  if (quoted) return { token: { kind: 'quoted', text: quoted[1]!.replace(/\\(["\\])/g, '$1'), position: at }, end: at + quoted[0].length };
  const word = match(WORD, text, at);
  return word && { token: { kind: 'word', text: word[0], position: at }, end: at + word[0].length };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function unreadable(text: string, position: number): GroupQueryProblem {
  if (text[position] === '"') return { message: 'a closing " is missing', position };
  if (text[position] === "'") return { message: 'write text with blanks in double quotes: "..."', position };
  return { message: `${JSON.stringify(text[position])} cannot stand here; put text with special characters in double quotes`, position };
}
