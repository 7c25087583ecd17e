import type { Role } from '../../api/access.ts';
import type { Queryable } from '../../db/db.ts';
import type { Context, Handlers } from '../context.ts';
import { conflict, RequestFault } from '../runtime/problems.ts';
import { checkedLogin, insertPerson } from './accounts.ts';
import { redeemLink } from './links.ts';
import { hashPassword, refuseWeakPassword } from './passwords.ts';
import { hashOf } from './secrets.ts';
import { newSessionOf } from './session-view.ts';
import { startSession } from './sessions.ts';

type JoiningRoute = 'setupGet' | 'setupAdministrator' | 'invitationAccept';

/** A small shop is one person: the first can plan, approve and operate, until a second approver arrives (single-person.ts). */
const FIRST_ROLES: readonly Role[] = ['administrator', 'planner', 'approver', 'operator', 'risk-owner'];

async function nobodyYet(db: Queryable): Promise<boolean> {
  return (await db.query('select 1 from person limit 1')).length === 0;
}

function alreadySetUp(): RequestFault {
  return conflict('already-set-up', 'This installation has an administrator.', 'Sign in, or ask for an invitation.');
}

function invitationGone(): RequestFault {
  return new RequestFault(
    403,
    'link-not-valid',
    'This invitation was accepted already, has run out, or was withdrawn.',
    'Ask for a new one.',
  );
}

export function joiningHandlers(context: Context): Handlers<JoiningRoute> {
  const { db, clock, installation } = context;
  return {
    setupGet: async () => ({ needsAdministrator: await nobodyYet(db), version: installation.version }),

    async setupAdministrator({ body }, _caller, request) {
      const login = checkedLogin(body.login);
      refuseWeakPassword(body.password, login);
      if (!(await nobodyYet(db))) throw alreadySetUp();
      const passwordHash = await hashPassword(body.password);
      const joined = await db.transaction(async tx => {
        // Held to the end: of two first administrators at once the second sees the first.
        await tx.query('select single from installation for update');
        if (!(await nobodyYet(tx))) throw alreadySetUp();
        await redeemLink(tx, clock.now(), 'setup', body.token);
        const id = await insertPerson(tx, context, { login, name: body.name, roles: FIRST_ROLES, passwordHash });
        const cookie = await startSession(tx, context, id, 'setup', request);
        await context.audit(tx, { actor: login, action: 'setup.administrator', subject: id, detail: { login, roles: FIRST_ROLES } });
        return { id, cookie };
      });
      request.setCookie(joined.cookie);
      return await newSessionOf(context, joined.id);
    },

    async invitationAccept({ body }, _caller, request) {
      const open = 'token_hash = $1 and accepted_at is null and expires_at > $2';
      const [invitation] = await db.query<{ login: string }>(`select login from invitation where ${open}`, [
        hashOf(body.token),
        clock.now(),
      ]);
      if (invitation === undefined) throw invitationGone();
      refuseWeakPassword(body.password, invitation.login);
      const passwordHash = await hashPassword(body.password);
      const joined = await db.transaction(async tx => {
        const [won] = await tx.query<{ id: string; login: string; roles: Role[] }>(
          `update invitation set accepted_at = $2 where ${open} returning id, login, roles`,
          [hashOf(body.token), clock.now()],
        );
        if (won === undefined) throw invitationGone();
        const id = await insertPerson(tx, context, { login: won.login, name: body.name, roles: won.roles, passwordHash });
        const cookie = await startSession(tx, context, id, 'invitation', request);
        await context.audit(tx, {
          actor: won.login,
          action: 'invitation.accept',
          subject: id,
          detail: { invitation: won.id, roles: won.roles },
        });
        return { id, cookie };
      });
      request.setCookie(joined.cookie);
      return await newSessionOf(context, joined.id);
    },
  };
}
