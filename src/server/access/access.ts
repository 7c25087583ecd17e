import type { Context } from '../context.ts';
import type { PeoplePort } from '../ports.ts';
import type { PersonAuthenticator } from '../runtime/callers.ts';
import { joiningHandlers } from './joining-handlers.ts';
import { peopleHandlers } from './people-handlers.ts';
import { singlePerson } from './person-rows.ts';
import { sessionHandlers } from './session-handlers.ts';
import { personAuthenticator } from './sessions.ts';

type AccessHandlers = ReturnType<typeof joiningHandlers> & ReturnType<typeof sessionHandlers> & ReturnType<typeof peopleHandlers>;

interface AccessNoun {
  readonly handlers: AccessHandlers;
  readonly authenticator: PersonAuthenticator;
  readonly people: PeoplePort;
}

export function createAccess(context: Context): AccessNoun {
  return {
    handlers: { ...joiningHandlers(context), ...sessionHandlers(context), ...peopleHandlers(context) },
    authenticator: personAuthenticator(context),
    people: { isSinglePerson: (personId, tx, permission) => singlePerson(tx ?? context.db, personId, permission) },
  };
}
