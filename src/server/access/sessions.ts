import { makeId } from '../../core/kernel/ids.ts';
import { addMs, MINUTE_MS, SECOND_MS } from '../../core/kernel/instants.ts';
import { SESSION_IDLE_MINUTES, SESSION_MINUTES } from '../../core/kernel/limits.ts';
import type { Queryable } from '../../db/db.ts';
import type { Context, RequestInfo } from '../context.ts';
import { type Person, type PersonAuthenticator, sessionCookieName } from '../runtime/callers.ts';
import { callerOf, type PersonRow } from './person-rows.ts';
import { hashOf, makeSecret } from './secrets.ts';

/** `last_used_at` moves at most once a minute: a busy page must not write a row per request. */
const TOUCH_MS = 60 * SECOND_MS;

type SessionRow = PersonRow & { readonly last_used_at: string };
type TokenRow = PersonRow & { readonly token_id: string; readonly permissions: readonly string[]; readonly used_at: string | null };

const PERSON =
  'person.id, person.login, person.name, person.password_hash, person.roles, person.disabled, person.created_at, person.last_sign_in_at';

export function personAuthenticator(context: Context): PersonAuthenticator {
  const { db, clock } = context;
  return {
    async bySession(secret): Promise<Person | null> {
      const now = clock.now();
      const hash = hashOf(secret);
      const idleSince = addMs(now, -SESSION_IDLE_MINUTES * MINUTE_MS);
      const [row] = await db.query<SessionRow>(
        `select ${PERSON}, session.last_used_at from session join person on person.id = session.person_id
         where session.token_hash = $1 and session.expires_at > $2 and session.last_used_at > $3 and not person.disabled`,
        [hash, now, idleSince],
      );
      if (row === undefined) return null;
      if (row.last_used_at < addMs(now, -TOUCH_MS))
        await db.query('update session set last_used_at = $2 where token_hash = $1 and last_used_at < $2', [hash, now]);
      return callerOf(row, null);
    },
    async byToken(secret): Promise<Person | null> {
      const now = clock.now();
      const [row] = await db.query<TokenRow>(
        `select ${PERSON}, api_token.id as token_id, api_token.permissions, api_token.last_used_at as used_at from api_token join person on person.id = api_token.person_id
         where api_token.token_hash = $1 and api_token.expires_at > $2 and not person.disabled`,
        [hashOf(secret), now],
      );
      if (row === undefined) return null;
      if (row.used_at === null || row.used_at < addMs(now, -TOUCH_MS))
        await db.query('update api_token set last_used_at = $2 where id = $1', [row.token_id, now]);
      return callerOf(row, row.permissions);
    },
  };
}

/** A new session with a new secret at every sign-in, so that one known before is worth nothing (fixation). Returns the cookie to set once it is committed. Old sessions are swept on the way. */
export async function startSession(
  tx: Queryable,
  context: Context,
  personId: string,
  begunBy: 'setup' | 'link' | 'password' | 'invitation',
  request: RequestInfo,
): Promise<string> {
  const now = context.clock.now();
  const secret = makeSecret();
  const id = makeId('session', context.randomHex(12));
  const expiresAt = addMs(now, SESSION_MINUTES * MINUTE_MS);
  await tx.query('delete from session where expires_at <= $1', [now]);
  await tx.query(
    'insert into session (token_hash, id, person_id, created_at, last_used_at, expires_at, begun_by, remote_address) values ($1, $2, $3, $4, $4, $5, $6, $7)',
    [hashOf(secret), id, personId, now, expiresAt, begunBy, request.remoteAddress],
  );
  await tx.query('update person set last_sign_in_at = $2 where id = $1', [personId, now]);
  return cookie(context, request, secret, SESSION_MINUTES * 60);
}

export function presentSecret(context: Context, request: RequestInfo): string {
  return request.cookies[sessionCookieName(context.installation.id, request.secure)] ?? '';
}

export async function begunByLink(context: Context, request: RequestInfo): Promise<boolean> {
  return (
    (await context.db.query("select 1 from session where token_hash = $1 and begun_by = 'link'", [hashOf(presentSecret(context, request))]))
      .length > 0
  );
}

export async function endSession(context: Context, request: RequestInfo): Promise<void> {
  await context.db.query('delete from session where token_hash = $1', [hashOf(presentSecret(context, request))]);
  request.setCookie(cookie(context, request, '', 0));
}

function cookie(context: Context, request: RequestInfo, secret: string, maxAgeSeconds: number): string {
  const name = sessionCookieName(context.installation.id, request.secure);
  return `${name}=${secret}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${request.secure ? '; Secure' : ''}`;
}
