import { addMs, MINUTE_MS } from '../../core/kernel/instants.ts';
import { SETUP_LINK_MINUTES, SIGN_IN_LINK_MINUTES } from '../../core/kernel/limits.ts';
import type { Queryable } from '../../db/db.ts';
import type { Context } from '../context.ts';
import { RequestFault } from '../runtime/problems.ts';
import { allPeople, rolesOf } from './person-rows.ts';
import { hashOf, makeSecret } from './secrets.ts';

export interface OneTimeLink {
  readonly purpose: 'setup' | 'sign-in';
  readonly login: string | null;
  /** Path and fragment below the base URL. The fragment never reaches a server, so no log keeps it. */
  readonly path: string;
  readonly expiresAt: string;
}

/**
 * A link for the terminal of the machine that Fettle runs on: whoever can start it there owns the installation anyway. The setup link while there
 * is nobody; afterwards a sign-in link for `login`, or for the first administrator. Null when there is no such enabled person.
 */
export async function makeOneTimeLink(context: Context, login: string | null = null): Promise<OneTimeLink | null> {
  const now = context.clock.now();
  return await context.db.transaction(async tx => {
    await tx.query('delete from one_time_link where expires_at <= $1 or used_at is not null', [now]);
    const people = await allPeople(tx);
    if (people.length === 0) {
      // The newest setup link is the only one: a link in an old terminal is dead.
      await tx.query("delete from one_time_link where purpose = 'setup'");
      return await insertLink(tx, 'setup', null, now, SETUP_LINK_MINUTES);
    }
    const person = people.find(
      row => !row.disabled && (login === null ? rolesOf(row).includes('administrator') : row.login.toLowerCase() === login.toLowerCase()),
    );
    if (person === undefined) return null;
    await context.audit(tx, { actor: 'system', action: 'link.create', subject: person.id, detail: { login: person.login } });
    return await insertLink(tx, 'sign-in', person, now, SIGN_IN_LINK_MINUTES);
  });
}

async function insertLink(
  tx: Queryable,
  purpose: OneTimeLink['purpose'],
  person: { id: string; login: string } | null,
  now: string,
  minutes: number,
): Promise<OneTimeLink> {
  const secret = makeSecret();
  const expiresAt = addMs(now, minutes * MINUTE_MS);
  await tx.query('insert into one_time_link (token_hash, purpose, person_id, created_at, expires_at) values ($1, $2, $3, $4, $5)', [
    hashOf(secret),
    purpose,
    person?.id ?? null,
    now,
    expiresAt,
  ]);
  return { purpose, login: person?.login ?? null, path: `/${purpose}#token=${secret}`, expiresAt };
}

/** Uses up a link; of two at once one wins. Throws RequestFault 403 with one answer for every reason. */
export async function redeemLink(tx: Queryable, now: string, purpose: OneTimeLink['purpose'], secret: string): Promise<string | null> {
  const [row] = await tx.query<{ person_id: string | null }>(
    'update one_time_link set used_at = $3 where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3 returning person_id',
    [hashOf(secret), purpose, now],
  );
  if (row === undefined)
    throw new RequestFault(
      403,
      'link-not-valid',
      'This link was used already, has run out, or never was one.',
      'Run `fettle link` on the server for a new one, or start the server again.',
    );
  return row.person_id;
}
