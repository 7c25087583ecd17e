import { NEVER_BY_TOKEN } from '../../api/access.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { addMs, DAY_MS, MINUTE_MS } from '../../core/kernel/instants.ts';
import { INVITATION_MINUTES } from '../../core/kernel/limits.ts';
import type { Queryable } from '../../db/db.ts';
import type { Context, Handlers } from '../context.ts';
import { conflict, notFound } from '../runtime/problems.ts';
import { asPerson, checkedLogin, inSession } from './accounts.ts';
import { allPeople, personById, personByLogin, personView, rolesOf } from './person-rows.ts';
import { hashOf, makeSecret, TOKEN_MARK } from './secrets.ts';

type PeopleRoute = 'tokenCreate' | 'tokenList' | 'tokenDelete' | 'peopleList' | 'personUpdate' | 'invitationCreate' | 'invitationDelete';

interface InvitationRow {
  readonly id: string;
  readonly login: string;
  readonly roles: string[];
  readonly expires_at: string;
  readonly invited_by: string;
}

/** Without an enabled administrator nobody could ever change a person again. */
async function refuseWithoutAdministrator(tx: Queryable): Promise<void> {
  const people = await allPeople(tx);
  if (people.some(row => !row.disabled && rolesOf(row).includes('administrator'))) return;
  throw conflict('last-administrator', 'This would leave no enabled administrator.', 'Make somebody else an administrator first.');
}

export function peopleHandlers(context: Context): Handlers<PeopleRoute> {
  const { db, clock, installation } = context;
  return {
    async tokenCreate({ body }, caller) {
      const person = inSession(caller);
      const secret = `${TOKEN_MARK}${makeSecret()}`;
      const id = makeId('token', context.randomHex(12));
      const now = clock.now();
      const expiresAt = addMs(now, body.days * DAY_MS);
      const permissions = [...person.permissions].filter(permission => !NEVER_BY_TOKEN.includes(permission)).sort();
      await db.transaction(async tx => {
        await tx.query(
          'insert into api_token (id, person_id, name, token_hash, permissions, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)',
          [id, person.personId, body.name, hashOf(secret), permissions, now, expiresAt],
        );
        await context.audit(tx, {
          actor: person.login,
          action: 'token.create',
          subject: id,
          detail: { name: body.name, permissions, expiresAt },
        });
      });
      return { id, token: secret, expiresAt };
    },

    async tokenList(_input, caller) {
      const rows = await db.query<{ id: string; name: string; created_at: string; expires_at: string; last_used_at: string | null }>(
        'select id, name, created_at, expires_at, last_used_at from api_token where person_id = $1 and expires_at > $2 order by created_at desc, id',
        [asPerson(caller).personId, clock.now()],
      );
      return {
        items: rows.map(row => ({
          id: row.id,
          name: row.name,
          createdAt: row.created_at,
          expiresAt: row.expires_at,
          lastUsedAt: row.last_used_at,
        })),
      };
    },

    async tokenDelete({ params }, caller) {
      const person = asPerson(caller);
      await db.transaction(async tx => {
        const gone = await tx.query('delete from api_token where id = $1 and person_id = $2 returning id', [params.id, person.personId]);
        if (gone.length === 0) throw notFound('API token', params.id);
        await context.audit(tx, { actor: person.login, action: 'token.delete', subject: params.id, detail: {} });
      });
      return {};
    },

    async peopleList() {
      const invitations = await db.query<InvitationRow>(
        'select invitation.id, invitation.login, invitation.roles, invitation.expires_at, person.login as invited_by from invitation join person on person.id = invitation.invited_by where accepted_at is null and expires_at > $1 order by invitation.created_at',
        [clock.now()],
      );
      return {
        items: (await allPeople(db)).map(personView),
        invitations: invitations.map(row => ({
          id: row.id,
          login: row.login,
          roles: rolesOf(row),
          expiresAt: row.expires_at,
          invitedBy: row.invited_by,
        })),
      };
    },

    async personUpdate({ params, body }, caller) {
      const by = asPerson(caller);
      return await db.transaction(async tx => {
        // Serialises changes of people, so that two administrators cannot demote each other at once.
        await tx.query('select single from installation for update');
        const before = await personById(tx, params.id, 'for update');
        if (before === null) throw notFound('person', params.id);
        const roles = body.roles === undefined ? before.roles : [...new Set(body.roles)];
        await tx.query('update person set name = $2, roles = $3, disabled = $4 where id = $1', [
          params.id,
          body.name?.trim() ?? before.name,
          roles,
          body.disabled ?? before.disabled,
        ]);
        await refuseWithoutAdministrator(tx);
        if (body.disabled === true) {
          await tx.query('delete from session where person_id = $1', [params.id]);
          await tx.query('delete from api_token where person_id = $1', [params.id]);
          await tx.query('delete from one_time_link where person_id = $1', [params.id]);
        }
        const after = await personById(tx, params.id);
        if (after === null) throw notFound('person', params.id);
        await context.audit(tx, {
          actor: by.login,
          action: 'person.update',
          subject: params.id,
          detail: {
            login: after.login,
            before: { name: before.name, roles: before.roles, disabled: before.disabled },
            after: { name: after.name, roles: after.roles, disabled: after.disabled },
          },
        });
        return personView(after);
      });
    },

    async invitationCreate({ body }, caller) {
      const by = asPerson(caller);
      const login = checkedLogin(body.login);
      if ((await personByLogin(db, login)) !== null)
        throw conflict('login-taken', `The login ${login} is taken.`, 'Change the roles of that person instead.');
      const secret = makeSecret();
      const id = makeId('invitation', context.randomHex(12));
      const now = clock.now();
      const expiresAt = addMs(now, INVITATION_MINUTES * MINUTE_MS);
      const roles = [...new Set(body.roles)];
      await db.transaction(async tx => {
        await tx.query(
          'insert into invitation (id, login, roles, token_hash, invited_by, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)',
          [id, login, roles, hashOf(secret), by.personId, now, expiresAt],
        );
        await context.audit(tx, { actor: by.login, action: 'invitation.create', subject: id, detail: { login, roles, expiresAt } });
      });
      return { id, url: `${installation.baseUrl}/invitation#token=${secret}`, expiresAt };
    },

    async invitationDelete({ params }, caller) {
      const by = asPerson(caller);
      await db.transaction(async tx => {
        const gone = await tx.query('delete from invitation where id = $1 and accepted_at is null returning login', [params.id]);
        if (gone.length === 0) throw notFound('open invitation', params.id);
        await context.audit(tx, { actor: by.login, action: 'invitation.delete', subject: params.id, detail: { login: gone[0]?.login } });
      });
      return {};
    },
  };
}
