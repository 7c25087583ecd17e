import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { MAX_LINE_CHARS } from '../../core/kernel/limits.ts';
import type { CommandIo } from './command.ts';

/**
 * Answers every line of standard input with one line on standard output, in order. Input is taken as it comes (64 kB at a time from a pipe) and
 * answered in one write per chunk: a write per line would cost ten times the work. A last line without a line feed counts; CRLF is accepted.
 * Of a line without end only the beginning is kept, and that is answered; the lines after it are answered all the same.
 */
export async function filterLines(io: CommandIo, answer: (line: string) => string): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isFirst = true;
  for await (const chunk of io.stdin) {
    const whole = rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk));
    if (whole === '') continue;
    // Editors on Windows begin a file with a byte order mark.
    const text = isFirst && whole.charCodeAt(0) === 0xfeff ? whole.slice(1) : whole;
    isFirst = false;
    const { lines, end } = answerLines(text, answer);
    // One character more than a line may have tells it from a line that just fits.
    rest = text.slice(end, end + MAX_LINE_CHARS + 1);
    await write(io.stdout, lines);
  }
  rest += decoder.end();
  if (rest !== '') await write(io.stdout, `${answer(withoutCarriageReturn(rest.slice(0, MAX_LINE_CHARS)))}\n`);
}

function answerLines(text: string, answer: (line: string) => string): { lines: string; end: number } {
  let lines = '';
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    lines += `${answer(withoutCarriageReturn(text.slice(start, Math.min(end, start + MAX_LINE_CHARS))))}\n`;
    start = end + 1;
  }
  return { lines, end: start };
}

function withoutCarriageReturn(line: string): string {
  return line.charCodeAt(line.length - 1) === 13 ? line.slice(0, -1) : line;
}

async function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (text !== '' && !stream.write(text)) await once(stream, 'drain');
}
