import type { Column, Screen } from './command.ts';

/** Host data can hold terminal escapes: everything but printable text, tab and the end of a line is dropped before it reaches a terminal. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\r(?!\n)/g, '');
}

/** Instants to the minute: words and tables are read, and `--json` has the milliseconds. */
function readable(text: string): string {
  return text.replaceAll(/\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z/g, '$1 $2Z');
}

function cellText(text: string, width: number, right: boolean): string {
  const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
  return right ? cut.padStart(width) : cut.padEnd(width);
}

export function makeScreen(write: (text: string) => void, widthMax: number): Screen {
  const line = (text = '') => write(`${text.trimEnd()}\n`);
  return {
    line: text => line(readable(plain(text ?? ''))),
    document: text => write(plain(text)),
    pairs(rows) {
      const width = Math.max(...rows.map(([name]) => name.length), 0);
      for (const [name, value] of rows) line(`${name.padEnd(width)}  ${readable(plain(String(value ?? '-')))}`);
    },
    table(columns, rows) {
      const cells = rows.map(row => row.map(cell => readable(plain(String(cell ?? '-')).replace(/\s+/g, ' '))));
      const widths = columns.map((column, i) =>
        Math.min(
          widthMax === Number.POSITIVE_INFINITY ? widthMax : (column.widthMax ?? (isId(column) ? ID_WIDTH : 60)),
          Math.max(column.title.length, ...cells.map(row => row[i]?.length ?? 0)),
        ),
      );
      shrink(columns, widths, widthMax);
      const print = (row: readonly string[]) =>
        line(row.map((cell, i) => cellText(cell, widths[i]!, columns[i]?.align === 'right')).join('  '));
      print(columns.map(column => column.title.toUpperCase()));
      for (const row of cells) print(row);
    },
  };
}

/** An id is there to be copied: half of one is worth nothing. */
const ID_WIDTH = 80;
const isId = (column: Column) => column.title === 'id';

/** Takes width from the widest column until the line fits the terminal; never below 8 characters, and never from ids. */
function shrink(columns: readonly Column[], widths: number[], widthMax: number): void {
  const total = () => widths.reduce((sum, width) => sum + width, 0) + 2 * (columns.length - 1);
  while (total() > widthMax) {
    const widest = widths.reduce((best, width, at) => (!isId(columns[at]!) && width > (widths[best] ?? 0) ? at : best), -1);
    if (widest === -1 || widths[widest]! <= 8) return;
    widths[widest] = widths[widest]! - 1;
  }
}

export function ago(instant: string | null, now: number): string {
  if (instant === null) return 'never';
  const minutes = Math.round((now - Date.parse(instant)) / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${Math.round(minutes / 1440)} d ago`;
}

/** `1 host`, `3 hosts`; with `many` for what does not take an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
