import type { IncomingMessage, ServerResponse } from 'node:http';
import { createAccess } from '../server/access/access.ts';
import { auditHandlers } from '../server/audit/handlers.ts';
import type { Context } from '../server/context.ts';
import { buildServer, type Readiness } from '../server/runtime/http.ts';

export interface ComposeOptions {
  readonly consoleFolder: string;
  readonly consoleMissing: string;
  readonly trustedProxies: readonly string[];
  readonly readiness: () => Promise<Readiness>;
}

export interface Composed {
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** Ends long polls, live views and background work. */
  close(): Promise<void>;
}

/** The one place where the nouns of the server are joined: what each offers to the others, and the handlers of the whole contract. */
export async function compose(context: Context, options: ComposeOptions): Promise<Composed> {
  const access = createAccess(context);
  const app = buildServer(
    context,
    { ...access.handlers, ...auditHandlers(context) },
    {
      authenticators: { people: access.authenticator, agents: { authenticate: async () => false } },
      readiness: options.readiness,
      console: { folder: options.consoleFolder, missing: () => options.consoleMissing },
      trustedProxies: options.trustedProxies,
    },
  );
  await app.ready();
  return { listener: (request, response) => app.routing(request, response), close: () => app.close() };
}
