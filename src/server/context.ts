import type { z } from 'zod';
import type { Role } from '../api/access.ts';
import type { Access, Answer, Route } from '../api/contract.ts';
import type { Api, RouteName } from '../api/index.ts';
import type { Clock, Instant } from '../core/kernel/instants.ts';
import type { Db, Queryable } from '../db/db.ts';

/** Who asks. Known from the session cookie, the API token or the agent's credential; never from a body. */
export type Caller =
  | {
      readonly kind: 'person';
      readonly personId: string;
      readonly login: string;
      readonly name: string;
      readonly roles: readonly Role[];
      readonly permissions: ReadonlySet<Access>;
      readonly viaToken: boolean;
    }
  | { readonly kind: 'agent'; readonly hostId: string }
  | { readonly kind: 'public'; readonly remoteAddress: string };

export interface AuditEntry {
  /** Login of the person, `host:ID`, or `system`. */
  readonly actor: string;
  /** noun.verb: `rollout.approve`. */
  readonly action: string;
  /** Id of what it is about. */
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Context {
  readonly db: Db;
  readonly clock: Clock;
  /** `bytes` of cryptographic randomness as hexadecimal text. */
  randomHex(bytes: number): string;
  readonly log: Logger;
  readonly installation: {
    readonly id: string;
    readonly name: string /** Where people and hosts reach the server, no slash at the end. */;
    readonly baseUrl: string;
    readonly dataDir: string;
    readonly version: string;
    /** Its hosts and its history are made up (`npm run demo`). */
    readonly demonstration: boolean;
  };
  /** Base64 SPKI keys that hosts pin, and the signer of plans and permits (one key at first; security.md 2.2 leaves room for more). */
  readonly planKeys: {
    readonly trusted: readonly string[];
    sign(type: string, value: unknown): import('../core/evidence/envelope.ts').Envelope;
  };
  /** Appends to the hash-chained audit trail inside the caller's transaction (S10). */
  audit(tx: Queryable, entry: AuditEntry): Promise<void>;
}

type Parsed<R extends Route> = (R['params'] extends z.ZodType ? { params: z.output<R['params']> } : { params?: undefined }) &
  (R['query'] extends z.ZodType ? { query: z.output<R['query']> } : { query?: undefined }) &
  (R['body'] extends z.ZodType ? { body: z.output<R['body']> } : { body?: undefined });

/** CSV and plain text are written as chunks; event streams as {id, data}, and `signal` aborts when the reader leaves. */
type HandlerAnswer<R extends Route> = R['produces'] extends 'text/event-stream'
  ? AsyncIterable<{ readonly id: number; readonly data: Answer<R> }>
  : R['produces'] extends 'text/csv' | 'text/plain'
    ? AsyncIterable<string> | string
    : R['produces'] extends 'application/octet-stream'
      ? FileAnswer
      : Answer<R>;

/** A file to save, streamed. */
export interface FileAnswer {
  readonly fileName: string;
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

export interface RequestInfo {
  readonly signal: AbortSignal;
  readonly remoteAddress: string;
  /** Over https: decides the cookie's name and its Secure mark. */
  readonly secure: boolean;
  setCookie(value: string): void;
  readonly cookies: Readonly<Record<string, string>>;
}

export type Handler<N extends RouteName> = (input: Parsed<Api[N]>, caller: Caller, request: RequestInfo) => Promise<HandlerAnswer<Api[N]>>;
/** What each server noun exports: `export function inventoryHandlers(context, ports): Handlers<'hostUpload' | ...>`. main/server.ts spreads them together; a missing one is a compile error. */
export type Handlers<N extends RouteName = RouteName> = { readonly [K in N]: Handler<K> };

export type { Instant };
