import { accessSync, constants, mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { exporters } from '../plugins/exporters/catalog.ts';
import { createAccess } from '../server/access/access.ts';
import { auditHandlers } from '../server/audit/handlers.ts';
import type { Context, Handlers } from '../server/context.ts';
import { createExceptions } from '../server/exceptions/exceptions.ts';
import { createFeeds } from '../server/feeds/feeds.ts';
import { createFleet } from '../server/fleet/fleet.ts';
import { jobChanges } from '../server/inventory/agent-routes.ts';
import { createInventory } from '../server/inventory/inventory.ts';
import { createSshJournals } from '../server/inventory/ssh-journal.ts';
import { createSshLeases, sshHolder } from '../server/inventory/ssh-leases.ts';
import { createWake } from '../server/inventory/wake.ts';
import type { InventoryPort, JobPort, WakePort } from '../server/ports.ts';
import { createRollouts } from '../server/rollouts/rollouts.ts';
import { buildServer, type Readiness } from '../server/runtime/http.ts';
import { prepareAgentFiles } from './agent-files.ts';
import { feedThreadsTrusting } from './feed-threads.ts';
import { createLocalHost } from './local-host.ts';
import { sshConnections } from './ssh-port.ts';
import { createSshRunner } from './ssh-runner.ts';
import type { Settings } from './startup/settings.ts';
import type { Closers } from './startup/stop.ts';

export interface ComposeOptions {
  readonly settings: Settings;
  readonly consoleFolder: string;
  readonly consoleMissing: string;
  readonly readiness: () => Promise<Readiness>;
  /** Works beside the nouns of the server, through the handlers that everybody else asks: the made-up hosts of the demonstration. */
  readonly companion?: ((parts: CompanionParts) => Companion) | undefined;
}

export interface CompanionParts {
  readonly handlers: Handlers;
  readonly wake: WakePort;
  readonly inventory: InventoryPort;
}

interface Companion {
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Nouns need each other; each call goes to the one that was made in the meantime. */
function forward<Port extends object>(made: () => Port): Port {
  return new Proxy({} as Port, { get: (_target, name) => Reflect.get(made(), name) });
}

/** In the checkout, where all data folders share it; below the data folder when the checkout belongs to somebody else. */
function agentFolder(dataDir: string): string {
  const shared = path.join(import.meta.dirname, '..', '..', 'dist', 'agent');
  try {
    mkdirSync(shared, { recursive: true });
    accessSync(shared, constants.W_OK);
    return shared;
  } catch {
    return path.join(dataDir, 'agent');
  }
}

/** The one place where the nouns of the server are joined: what each offers to the others, and the handlers of the whole contract. */
export async function compose(context: Context, options: ComposeOptions, closers: Closers, goOn: () => void): Promise<Listener> {
  const { clock, log, installation, planKeys } = context;
  const { settings } = options;
  const wake = createWake();
  const connections = sshConnections(clock);
  closers.add('SSH connections', () => connections.close());
  const agentFiles = await prepareAgentFiles({
    folder: agentFolder(installation.dataDir),
    onProgress: text => log.info({ text }, 'agent files'),
  });

  const jobs: JobPort = forward(() => rollouts.jobs);
  const fleetNoun = createFleet(context, format => exporters[format]());
  const fleet = fleetNoun.port;
  const access = createAccess(context);
  const feeds = createFeeds(context, feedThreadsTrusting(settings.trustedAuthors), {
    importAtStart: settings.feeds,
    automatic: settings.fetchFeeds,
  });
  const inventory = createInventory(context, { jobs, wake, fleet, ssh: connections, installer: agentFiles });
  const rollouts = createRollouts(context, { fleet, inventory, wake, people: access.people });
  const exceptions = createExceptions(context, { scopes: fleetNoun.scopes, people: access.people });
  fleetNoun.connect({
    inventory,
    feeds,
    attention: async () => [...(await rollouts.attention()), ...(await exceptions.port.attention())],
    exceptions: exceptions.port,
  });
  inventory.onChangelogs(() => feeds.announce(['changelog']));
  const sshRunner = createSshRunner({
    ssh: connections,
    hosts: inventory,
    jobs,
    wake,
    clock,
    log,
    installationId: installation.id,
    trustedKeys: planKeys.trusted,
    leases: createSshLeases(context.db, sshHolder(installation.dataDir, context.randomHex(8)), log),
    journals: createSshJournals(context.db),
    recordJobChanges: (hostId, result) =>
      inventory.recordJobChanges(hostId, jobChanges({ ...result, before: [...result.before], after: [...result.after] }), 'job'),
  });
  const localHost = createLocalHost({ connections, hosts: inventory, log });

  // Typed as the whole contract: a route that nobody answers does not compile.
  const handlers: Handlers = {
    ...access.handlers,
    ...auditHandlers(context),
    ...inventory.handlers,
    ...feeds.handlers,
    ...fleetNoun.handlers,
    ...rollouts.handlers,
    ...exceptions.handlers,
  };
  const app = buildServer(context, handlers, {
    authenticators: { people: access.authenticator, agents: inventory.agents },
    readiness: options.readiness,
    console: { folder: options.consoleFolder, missing: () => options.consoleMissing },
    agentFile: name => agentFiles.file(name),
    trustedProxies: settings.trustedProxies,
  });
  await app.ready();

  // The read model first: reports and feeds that arrive while the others start are taken in, not missed.
  // Made-up hosts and the machine itself do not go together.
  const last = options.companion?.({ handlers, wake, inventory }) ?? localHost;
  const background = [fleetNoun, inventory, feeds, rollouts, exceptions, sshRunner, last];
  closers.add('background work', () => Promise.allSettled(background.map(async part => await part.stop())));
  for (const part of background) {
    goOn();
    await part.start(goOn);
  }
  closers.add('the server', () => app.close());
  return (request, response) => app.routing(request, response);
}
