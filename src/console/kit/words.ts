const COUNT = new Intl.NumberFormat('en');
export function count(value: number): string {
  return COUNT.format(value);
}

/** `1 host`, `2,824 hosts`; other plurals than -s are given. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A phrase of the server as a sentence of the page: with a capital, unless it begins with a name (`lb-ams-11.nw.example`), which is spelled as it is. */
export function sentence(text: string): string {
  return /^\p{Ll}[\p{L}’']*(?=[\s,;:.!?]|$)(?!\.\S)/u.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

const SIZES = ['kB', 'MB', 'GB', 'TB'] as const;
/** `940 bytes`, `1.8 MB`: as much as a person compares. */
export function bytesWords(bytes: number): string {
  let [value, unit]: [number, string] = [bytes, 'bytes'];
  for (const size of SIZES) if (value >= 1_000) [value, unit] = [value / 1_000, size];
  return `${unit === 'bytes' || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

/** `coveragePercent` and `half-configured` as words. */
export function wordsOf(name: string): string {
  return name
    .replaceAll(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
    .replaceAll(/[-_.]/g, ' ')
    .trim();
}
