/** What PostgreSQL cannot keep (manual, "JSON Types" and "Character Types"): U+0000 in any text, half a surrogate pair in jsonb. */
const UNSTORABLE = /\\u0000|\\ud[89a-f]/;

/** Without what cannot be stored: one such character in one title of a feed must not cost the whole feed. */
export function storedText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** Cut between characters, never within one. */
export function cutText(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1).toWellFormed()}…`;
}

/** JSON for a jsonb column, its texts no longer than that. The test of the whole costs next to nothing, and hardly any text fails it. */
export function storedJson(value: unknown, charsMax = Number.POSITIVE_INFINITY): string {
  const json = JSON.stringify(value);
  if (!UNSTORABLE.test(json) && json.length <= charsMax) return json;
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? storedText(cutText(inner, charsMax)) : inner));
}
