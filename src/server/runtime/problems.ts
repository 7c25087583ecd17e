import type { Problem } from '../../api/contract.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { sqlState } from '../../db/pool.ts';

/** A fault that knows its HTTP status: what handlers throw when the answer is no. */
export class RequestFault extends Fault {
  readonly status: number;
  readonly fields: NonNullable<Problem['fields']>;
  readonly retryAfterSeconds: number | null;
  constructor(
    status: number,
    code: string,
    message: string,
    advice: string,
    more: { fields?: NonNullable<Problem['fields']>; retryAfterSeconds?: number } = {},
  ) {
    super(code, message, advice);
    this.status = status;
    this.fields = more.fields ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }
}

/** 404. `what`: "host", "rollout"; the same answer whether it never existed or may not be seen. */
export function notFound(what: string, id: string): RequestFault {
  return new RequestFault(404, 'not-found', `There is no ${what} ${id}.`, 'It may have been removed; look at the list.');
}

/** 400: the input is well-formed but wrong. `path`: `body/window/endsAt`. */
export function invalid(path: string, message: string, advice = 'Correct the field and send it again.'): RequestFault {
  return new RequestFault(400, 'invalid-input', message, advice, { fields: [{ path, message }] });
}

/** 409: the thing is not in a state that allows it. */
export function conflict(code: string, message: string, advice: string): RequestFault {
  return new RequestFault(409, code, message, advice);
}

/** 403: known, but not allowed. */
export function forbidden(code: string, message: string, advice: string): RequestFault {
  return new RequestFault(403, code, message, advice);
}

export function unauthenticated(message = 'Nobody is signed in.'): RequestFault {
  return new RequestFault(401, 'not-signed-in', message, 'Sign in; `fettle link` on the server prints a one-time link.');
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Not possible now',
  413: 'Too large',
  415: 'Unsupported content type',
  429: 'Too many requests',
  500: 'The server made a mistake',
  501: 'Not built yet',
  503: 'Not ready',
};

/** SQLSTATE classes that mean the database is away, starting, stopping or full, and network errors of the same meaning. */
function databaseIsAway(error: unknown): boolean {
  const code = error instanceof Error ? (error as { code?: unknown }).code : null;
  if (
    typeof code === 'string' &&
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT'].includes(code) &&
    'syscall' in (error as object)
  )
    return ['connect', 'read', 'write'].includes(String((error as { syscall?: unknown }).syscall));
  if (error instanceof Error && /^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message)) return true;
  const state = sqlState(error);
  return state !== null && (/^(08|57P|53)/.test(state) || state === '25P03');
}

interface Answerable {
  readonly problem: Problem;
  readonly retryAfterSeconds: number | null;
  /** True when a person who runs the server must look: it is logged with its stack. */
  readonly defect: boolean;
}

/** Everything that a handler may throw, as an RFC 9457 problem. A plain Fault is a conflict with the present state: 409. */
export function toProblem(error: unknown, incident: string): Answerable {
  if (error instanceof RequestFault) {
    const fields = error.fields.length === 0 ? {} : { fields: [...error.fields] };
    return {
      problem: { ...problem(error.status, error.code, error.message, error.advice), ...fields },
      retryAfterSeconds: error.retryAfterSeconds,
      defect: error.status >= 500 && error.status !== 501 && error.status !== 503,
    };
  }
  if (error instanceof Fault)
    return { problem: problem(409, error.code, error.message, error.advice), retryAfterSeconds: null, defect: false };
  if (databaseIsAway(error))
    return {
      problem: problem(
        503,
        'database-unavailable',
        'The database does not answer at the moment.',
        'Try again in a few seconds; the server log says more.',
      ),
      retryAfterSeconds: 2,
      defect: false,
    };
  const status = statusOf(error);
  if (status !== null)
    return {
      problem: problem(
        status,
        status === 413 ? 'too-large' : 'bad-request',
        (error as Error).message,
        'Correct the request and send it again.',
      ),
      retryAfterSeconds: null,
      defect: false,
    };
  return {
    problem: problem(500, 'internal', `Something went wrong (incident ${incident}).`, `Look for ${incident} in the server log.`),
    retryAfterSeconds: null,
    defect: true,
  };
}

/** Errors of the HTTP layer itself (body too large, broken JSON, unknown content type) carry a 4xx status. */
function statusOf(error: unknown): number | null {
  const status = error instanceof Error ? (error as { statusCode?: unknown }).statusCode : null;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

function problem(status: number, code: string, detail: string, advice: string): Problem {
  return { type: `urn:fettle:problem:${code}`, title: TITLES[status] ?? 'Refused', status, code, detail, advice };
}
