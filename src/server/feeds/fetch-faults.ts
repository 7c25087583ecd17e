import type { IncomingHttpHeaders } from 'node:http';
import { Fault } from '../../core/kernel/faults.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/kernel/instants.ts';
import { type Part, sizeOf } from './part-folder.ts';

export function tooLarge(url: URL, bytesMax: number): Fault {
  return new Fault('feed-too-large', `${url.host} sends more than ${bytesMax} bytes.`, 'Check that the URL is that of a feed.');
}

export function privateFault(url: URL, address: string): Fault {
  return new Fault(
    'feed-url-refused',
    `${url.host} leads to ${address}, an address inside a network.`,
    'If this is your mirror, enter its URL under Settings, Feeds; addresses inside a network are used only when an administrator typed them.',
  );
}

export function unreachable(url: URL, reason: string, cause?: unknown): Fault {
  return new Fault(
    'feed-unreachable',
    `${url.host} could not be fetched: ${reason}.`,
    'Check the URL and the way out of this network, or import the feed from a file.',
    cause,
  );
}

/** The longest that a publisher is waited for, hours: a mistake of a year must not silence a feed. */
const WAIT_HOURS_MAX = 24;

/** A publisher that is asked too often, or is being mended, says for how long it wants to be left alone (RFC 9110, Retry-After; RFC 6585, 429). */
export class AskedToWait extends Fault<'feed-unreachable'> {
  readonly waitMs: number;
  constructor(url: URL, status: string, waitMs: number) {
    super(
      'feed-unreachable',
      `${url.host} could not be fetched: the server answered ${status} and asks to be left alone for ${Math.ceil(waitMs / MINUTE_MS)} minutes.`,
      'It is tried again by itself after that time.',
    );
    this.waitMs = waitMs;
  }
}

/** A date counts from the answer's own. */
export function answered(url: URL, status: string, headers: IncomingHttpHeaders): Fault {
  const retryAfter = headers['retry-after'] ?? '';
  const waitMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * SECOND_MS : Date.parse(retryAfter) - Date.parse(headers.date ?? '');
  return waitMs > 0
    ? new AskedToWait(url, status, Math.min(waitMs, WAIT_HOURS_MAX * HOUR_MS))
    : unreachable(url, `the server answered ${status}`);
}

/** A download that goes on another time says so. */
export function told(fault: Fault, part: Part | null): Fault {
  if (part === null) return fault;
  const bytes = sizeOf(part);
  return new Fault(
    fault.code,
    `${fault.message} ${bytes} bytes have arrived and are kept: the next try goes on there.`,
    fault.advice,
    fault.cause,
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known here',
  EAI_AGAIN: 'the name server does not answer',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke off',
  ETIMEDOUT: 'there is no answer',
  ENETUNREACH: 'there is no way to that network',
};

export function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? error.message;
}
