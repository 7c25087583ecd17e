import type { Context, Handlers } from '../context.ts';
import { forbidden, invalid, RequestFault } from '../runtime/problems.ts';
import { asPerson, inSession, normalLogin } from './accounts.ts';
import { redeemLink } from './links.ts';
import { hashPassword, refuseWeakPassword, verifyPassword } from './passwords.ts';
import { personById, personByLogin } from './person-rows.ts';
import { hashOf } from './secrets.ts';
import { newSessionOf, sessionOf } from './session-view.ts';
import { begunByLink, endSession, presentSecret, startSession } from './sessions.ts';

type SessionRoute = 'sessionLink' | 'sessionCreate' | 'sessionGet' | 'sessionDelete' | 'passwordChange';

export function sessionHandlers(context: Context): Handlers<SessionRoute> {
  const { db, clock } = context;
  return {
    async sessionLink({ body }, _caller, request) {
      const signIn = await db.transaction(async tx => {
        const id = await redeemLink(tx, clock.now(), 'sign-in', body.token);
        const row = id === null ? null : await personById(tx, id);
        if (row === null || row.disabled) throw forbidden('person-disabled', 'This account is disabled.', 'Ask an administrator.');
        const cookie = await startSession(tx, context, row.id, 'link', request);
        await context.audit(tx, {
          actor: row.login,
          action: 'session.create',
          subject: row.id,
          detail: { by: 'link', remoteAddress: request.remoteAddress },
        });
        return { id: row.id, cookie };
      });
      request.setCookie(signIn.cookie);
      return await newSessionOf(context, signIn.id);
    },

    async sessionCreate({ body }, _caller, request) {
      const row = await personByLogin(db, normalLogin(body.login));
      const { ok, stale } = await verifyPassword(body.password, row?.password_hash ?? null);
      if (row === null || !ok || row.disabled) {
        context.log.warn({ login: body.login, remoteAddress: request.remoteAddress }, 'sign-in refused');
        throw new RequestFault(
          401,
          'wrong-credentials',
          'Login or password is wrong.',
          'Try again; `fettle link` on the server prints a one-time link.',
        );
      }
      const renewed = stale ? await hashPassword(body.password) : null;
      const cookie = await db.transaction(async tx => {
        if (renewed !== null) await tx.query('update person set password_hash = $2 where id = $1', [row.id, renewed]);
        const made = await startSession(tx, context, row.id, 'password', request);
        await context.audit(tx, {
          actor: row.login,
          action: 'session.create',
          subject: row.id,
          detail: { by: 'password', remoteAddress: request.remoteAddress },
        });
        return made;
      });
      request.setCookie(cookie);
      return await newSessionOf(context, row.id);
    },

    sessionGet: async (_input, caller) => await sessionOf(context, asPerson(caller)),

    async sessionDelete(_input, caller, request) {
      inSession(caller);
      await endSession(context, request);
      return {};
    },

    async passwordChange({ body }, caller, request) {
      const person = inSession(caller);
      refuseWeakPassword(body.next, person.login, 'body/next');
      if (!(await begunByLink(context, request))) await proveCurrent(context, person.personId, body.current);
      const passwordHash = await hashPassword(body.next);
      await db.transaction(async tx => {
        await tx.query('update person set password_hash = $2 where id = $1', [person.personId, passwordHash]);
        await tx.query('delete from session where person_id = $1 and token_hash <> $2', [
          person.personId,
          hashOf(presentSecret(context, request)),
        ]);
        await context.audit(tx, { actor: person.login, action: 'person.password', subject: person.personId, detail: {} });
      });
      return {};
    },
  };
}

async function proveCurrent(context: Context, personId: string, current: string): Promise<void> {
  const row = await personById(context.db, personId);
  if (!(await verifyPassword(current, row?.password_hash ?? null)).ok)
    throw invalid(
      'body/current',
      'is not the present password',
      'Try again, or sign in with a one-time link (`fettle link` on the server).',
    );
}
