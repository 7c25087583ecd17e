import { z } from 'zod';

/**
 * The contract: one object per route, no handlers. Routes, request checks, OpenAPI, the console's client and the CLI's client all come from it.
 * Schemas stay plain (no refine, no transform): what JSON Schema cannot say is checked in the handler and answered as a problem.
 */

/** What a route needs. `public`, `session` and `agent` are ways to be known; the rest are permissions that roles grant (api/access.ts). */
export const ACCESS = [
  'public',
  'session',
  'agent',
  'host.read',
  'host.write',
  'host.enrol',
  'group.write',
  'feed.write',
  'finding.read',
  'exception.request',
  'exception.approve',
  'rollout.read',
  'rollout.plan',
  'rollout.approve',
  'rollout.operate',
  'person.read',
  'person.write',
  'audit.read',
  'setting.read',
  'setting.write',
] as const;
export type Access = (typeof ACCESS)[number];

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** `application/octet-stream`: the body is a stream of bytes that the handler counts and reads; its schema says nothing. */
  readonly consumes?: 'application/json' | 'application/octet-stream';
  /** JSON answer; leave out together with `produces` for other content. */
  readonly answer: z.ZodType;
  /** `text/csv` and `text/event-stream` routes stream; their `answer` describes one row or one event. */
  readonly produces?: 'application/json' | 'text/csv' | 'text/event-stream' | 'text/plain' | 'application/octet-stream';
  /** Body limit when the default of 1 MiB does not fit, bytes. */
  readonly bodyBytesMax?: number;
}

export function route<const R extends Route>(definition: R): R {
  return definition;
}

export type Input<R extends Route> = (R['params'] extends z.ZodType ? { params: z.input<R['params']> } : object) &
  (R['query'] extends z.ZodType ? { query?: z.input<R['query']> } : object) &
  (R['body'] extends z.ZodType ? { body: z.input<R['body']> } : object);
export type Answer<R extends Route> = z.output<R['answer']>;

/** RFC 9457 problem: `advice` says what to do next, `fields` points at the bad input. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    advice: z.string().optional(),
    fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.output<typeof Problem>;

export const Instant = z.iso.datetime();
export const IdParams = z.object({ id: z.string().min(3).max(80) });
export const Empty = z.object({}).meta({ id: 'Empty' });

/** Paging is by page number: lists are at most some 100,000 rows and people jump to page 7. */
export const PageQuery = z.object({
  page: z.coerce.number().int().min(1).max(100_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(500).default(50),
  /** Field name, `-` first for descending. */
  sort: z.string().max(40).optional(),
  search: z.string().max(200).optional(),
});

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), total: z.int(), page: z.int(), pageSize: z.int() });
}
