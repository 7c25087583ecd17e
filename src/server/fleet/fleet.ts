import type { Exporter } from '../../plugins/exporters/spec.ts';
import type { Context, Handlers } from '../context.ts';
import type { ExceptionMarks, ExceptionPort, FeedPort, FleetPort, InventoryPort, ScopePort } from '../ports.ts';
import { scopePort } from './exception-scope.ts';
import { NO_MARKS } from './excused.ts';
import { findingHandlers } from './finding-handlers.ts';
import { hostHandlers } from './host-handlers.ts';
import { HostSummaries } from './host-summaries.ts';
import { FleetModel } from './model.ts';
import type { FeedView, NextStep } from './next-steps.ts';
import { overviewHandlers } from './overview.ts';
import { packageHandlers } from './package-handlers.ts';
import { patchHandlers } from './patch-handlers.ts';
import { fleetPort } from './port.ts';
import { createUpdates } from './updates.ts';
import { type VexFormat, vexHandlers } from './vex-handlers.ts';

export type FleetRoute =
  | 'hostList'
  | 'hostExport'
  | 'hostGet'
  | 'hostPackages'
  | 'hostHistory'
  | 'patchList'
  | 'patchExport'
  | 'patchGet'
  | 'patchHosts'
  | 'findingList'
  | 'findingExport'
  | 'findingVex'
  | 'overview';

/** What the fleet asks of its neighbours. They are made after it (they need `port`), so they are handed over with `connect`. */
interface FleetNeighbours {
  readonly inventory: InventoryPort;
  readonly feeds: FeedPort & { list(): Promise<readonly FeedView[]> };
  /** What rollouts wait for; left out where there are none. */
  readonly attention?: () => Promise<readonly NextStep[]>;
  /** Leave to keep findings; left out where there is none. */
  readonly exceptions?: Pick<ExceptionPort, 'marks' | 'counts'>;
}

export interface FleetNoun {
  readonly handlers: Handlers<FleetRoute>;
  readonly port: FleetPort;
  /** What exceptions ask. */
  readonly scopes: ScopePort;
  readonly model: FleetModel;
  /** Before `start`. */
  connect(neighbours: FleetNeighbours): void;
  /** Reads the tables; answers come from memory from then on. `goOn` is called now and then and may throw, to end it early. */
  start(goOn?: () => void): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when everything that was announced before the call is taken in. */
  settled(): Promise<void>;
}

/** `exporter`: the formats in which verdicts are published. */
export function createFleet(context: Context, exporter: (format: VexFormat) => Promise<Exporter>): FleetNoun {
  const model = new FleetModel(context);
  const updates = createUpdates(context, model);
  let neighbours: FleetNeighbours | null = null;
  const connected = (): FleetNeighbours => {
    if (neighbours === null) throw new Error('the fleet is not connected to its neighbours yet');
    return neighbours;
  };
  const inventory: InventoryPort = {
    onChange: listener => connected().inventory.onChange(listener),
    packagesOf: hostId => connected().inventory.packagesOf(hostId),
    factsOf: hostId => connected().inventory.factsOf(hostId),
    requestReport: (hostId, options) => connected().inventory.requestReport(hostId, options),
    seenOf: hostId => neighbours?.inventory.seenOf(hostId) ?? null,
  };
  const summaries = new HostSummaries(model, inventory.seenOf);
  const { settled, taken } = updates;
  const marks = async (): Promise<ExceptionMarks> => (await neighbours?.exceptions?.marks()) ?? NO_MARKS;
  const parts = { context, model, summaries, inventory, settled, taken, marks };
  const port = fleetPort(context, model, summaries, settled);

  return {
    model,
    settled,
    port,
    scopes: scopePort(context, model, port, settled),
    handlers: {
      ...hostHandlers(parts),
      ...packageHandlers(parts),
      ...patchHandlers(parts),
      ...findingHandlers(parts),
      ...vexHandlers({ ...parts, exporter }),
      ...overviewHandlers({
        ...parts,
        feeds: () => connected().feeds.list(),
        attention: async () => (await connected().attention?.()) ?? [],
        exceptionCounts: async () => (await neighbours?.exceptions?.counts()) ?? { inForce: 0, expiring: 0, waiting: 0 },
      }),
    },
    connect(given) {
      neighbours = given;
      given.inventory.onChange(change => updates.noteHost(change.hostId));
      given.feeds.onChange(feedIds => updates.noteFeeds(feedIds));
    },
    start: (goOn = () => {}) => updates.start(goOn),
    stop: () => updates.stop(),
  };
}
