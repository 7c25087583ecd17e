import { unpackIds } from '../../core/inventory/id-set.ts';
import type { PackageRecord } from '../../core/inventory/snapshot.ts';
import { makeId } from '../../core/kernel/ids.ts';
import type { Context, Handlers } from '../context.ts';
import type { Collected, FleetPort, InventoryPort, JobPort, SshEndpoint, SshPort, WakePort } from '../ports.ts';
import { agentHandlers, settle } from './agent-routes.ts';
import { type Agents, createAgents, enrolmentHandlers } from './agents.ts';
import { groupHandlers } from './groups.ts';
import { readFacts } from './host-rows.ts';
import { createHostStates } from './host-states.ts';
import { hostHandlers, insertHost } from './hosts.ts';
import { type ReportAnswer, snapshotReport } from './report.ts';
import { createReportRequests, type ReportRequests } from './report-requests.ts';
import { createReportStore } from './reports.ts';
import { openSecretBox } from './secret-box.ts';
import { createSeen } from './seen.ts';
import { createSshImporter } from './ssh-import.ts';
import { sshHandlers } from './ssh-routes.ts';
import { readEndpoint } from './ssh-rows.ts';
import { uploadHandlers } from './uploads.ts';

interface InventoryPorts {
  readonly jobs: JobPort;
  readonly wake: WakePort;
  readonly fleet: Pick<FleetPort, 'resolve' | 'hostName' | 'summaryOf'>;
  readonly ssh: SshPort;
  readonly installer: {
    /** What GET /agent/install.sh answers. */
    script(baseUrl: string): Promise<string>;
    /** The line that a person pastes on the host. */
    command(baseUrl: string, token: string): string;
  };
}

type InventoryRoute =
  | 'agentInstall'
  | 'agentEnrol'
  | 'agentCheckIn'
  | 'agentReport'
  | 'agentSimulation'
  | 'agentRehearsal'
  | 'agentJobEvents'
  | 'agentPermit'
  | 'agentJobResult'
  | 'enrolmentCreate'
  | 'enrolmentGet'
  | 'hostUpdate'
  | 'hostDelete'
  | 'hostRefresh'
  | 'hostUpload'
  | 'hostSshImport'
  | 'hostSshTargets'
  | 'hostSshConfirm'
  | 'groupList'
  | 'groupCreate'
  | 'groupUpdate'
  | 'groupDelete'
  | 'groupPreview';

export interface Inventory extends InventoryPort {
  readonly handlers: Handlers<InventoryRoute>;
  readonly agents: Agents;
  /** Stores what was collected from the machine that the server runs on; adds that host at the first time. Returns its id. */
  storeLocal(collected: Collected): Promise<string>;
  /** Stores what the SSH runner collected from a host. */
  storeCollected(hostId: string, collected: Collected): Promise<ReportAnswer['kind']>;
  /** For the runners of the reaches that do not poll (local, ssh): whether a report of this host is wanted now. */
  readonly requests: Pick<ReportRequests, 'take'>;
  /** Hosts that are reached by SSH, with when each was last seen. */
  sshHosts(): Promise<{ readonly hostId: string; readonly name: string; readonly lastSeenAt: string | null }[]>;
  /** How to reach it, with secrets in the clear; null when it is not reached by SSH (any more). */
  sshEndpoint(hostId: string): Promise<SshEndpoint | null>;
  /** The last attempt to reach it failed, in words. */
  noteProblem(hostId: string, text: string): void;
  /** It answered, without a report. */
  noteSeen(hostId: string): void;
  /** Hosts' changelogs told something new: claims of source `changelog` (table changelog_claim). */
  onChangelogs(listener: () => void): void;
  /** As JobPort.recordResult, for runners that do not come through the agent routes. */
  recordJobChanges: ReturnType<typeof createReportStore>['recordChanges'];
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createInventory(context: Context, ports: InventoryPorts): Inventory {
  const { db, clock, installation } = context;
  const states = createHostStates(context);
  const seen = createSeen(context);
  const requests = createReportRequests(context, ports.wake);
  const reports = createReportStore(context, states);
  const agents = createAgents(context);
  const box = openSecretBox(installation.dataDir);
  const onFirstInventory = async (hostId: string) => {
    await db.query('update enrolment set received_at = $2 where host_id = $1 and received_at is null', [hostId, clock.now()]);
  };
  const announceEdit = (hostId: string) => reports.announce({ hostId, observedAt: clock.now(), added: [], removed: [] });

  const storeCollected = async (hostId: string, collected: Collected): Promise<ReportAnswer> => {
    const [host] = await db.query<{ address: string | null; reach: string }>('select address, reach from host where id = $1', [hostId]);
    const address = host?.reach === 'ssh' ? host.address : (collected.snapshot.facts.addresses[0] ?? host?.address ?? null);
    const answer = await reports.accept(hostId, snapshotReport(collected.snapshot, collected), facts => ({
      name: facts.hostname,
      address,
    }));
    if (answer.kind !== 'no-host') await settle({ seen, requests, onFirstInventory }, hostId, answer);
    return answer;
  };
  const importer = createSshImporter(context, { ssh: ports.ssh, box, store: storeCollected });

  const routePorts = { ...ports, states, seen, requests, reports, onFirstInventory };
  const handlers: Handlers<InventoryRoute> = {
    ...agentHandlers(context, routePorts),
    ...enrolmentHandlers(context, { agents, enrolCommand: ports.installer.command, onEnrolled: announceEdit }),
    ...uploadHandlers(context, routePorts),
    ...groupHandlers(context, ports.fleet),
    ...sshHandlers(context, box, importer),
    ...hostHandlers(context, {
      fleet: ports.fleet,
      announce: reports.announce,
      requestReport: requests.request,
      onRemoved(hostId) {
        agents.forget(hostId);
        states.forget(hostId);
        ports.wake.wake(hostId);
      },
    }),
    agentInstall: async () => ports.installer.script(installation.baseUrl),
  };

  return {
    handlers,
    agents,
    requests,
    onChange: reports.onChange,
    onChangelogs: reports.onChangelogs,
    requestReport: requests.request,
    seenOf: seen.of,
    packagesOf: hostId => packagesOf(context, hostId),
    factsOf: async hostId => {
      const stored = await readFacts(db, hostId);
      const confirmedAt = seen.of(hostId)?.inventoryAt ?? null;
      return (
        stored && {
          facts: stored.facts,
          observedAt: confirmedAt !== null && confirmedAt > stored.observedAt ? confirmedAt : stored.observedAt,
        }
      );
    },
    storeLocal: collected => storeLocal(context, collected, storeCollected, announceEdit),
    storeCollected: async (hostId, collected) => (await storeCollected(hostId, collected)).kind,
    sshHosts: () =>
      db.query(
        'select host.id as "hostId", host.name, s.last_seen_at as "lastSeenAt" from host left join host_seen s on s.host_id = host.id where host.reach = \'ssh\' and host.removed_at is null order by host.id',
      ),
    sshEndpoint: hostId => readEndpoint(db, box, 'host_id', hostId),
    noteProblem: seen.problem,
    noteSeen: hostId => seen.touch(hostId, false),
    recordJobChanges: reports.recordChanges,
    async start() {
      await reports.load();
      seen.start();
      // Hosts that were being added when the last process ended.
      importer.run().catch(error => context.log.error({ error: String(error) }, 'adding hosts by SSH stopped'));
    },
    stop: seen.stop,
  };
}

/** The server's own machine is known by its machine-id, so that a restart finds it again; an agent on it has taken it over. */
async function storeLocal(
  context: Context,
  collected: Collected,
  store: (hostId: string, collected: Collected) => Promise<ReportAnswer>,
  announce: (hostId: string) => void,
): Promise<string> {
  const { hostname, machineId, addresses } = collected.snapshot.facts;
  const { id, reach } = await context.db.transaction(async tx => {
    const [known] = await tx.query<{ id: string; reach: string }>(
      "select id, reach from host where removed_at is null and reach in ('local', 'agent') and (machine_id = $1 or $1::text is null) and (reach = 'local' or name = $2) order by reach = 'local' desc, enrolled_at limit 1 for update",
      [machineId, hostname],
    );
    if (known) return known;
    const added = makeId('host', context.randomHex(8));
    await insertHost(tx, {
      id: added,
      name: hostname,
      address: addresses[0] ?? null,
      reach: 'local',
      machineId,
      labels: {},
      enrolledAt: context.clock.now(),
    });
    await context.audit(tx, { actor: 'system', action: 'host.add-local', subject: added, detail: { name: hostname } });
    return { id: added, reach: 'local' };
  });
  announce(id);
  if (reach === 'local') await store(id, collected);
  return id;
}

interface PackageRow {
  readonly id: number;
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly source_name: string;
  readonly source_version: string;
  readonly origin: string;
}

async function packagesOf({ db }: Context, hostId: string): Promise<PackageRecord[]> {
  const [row] = await db.query<{ packages: Buffer; config_files: Buffer; held: number[]; states: Record<string, PackageRecord['state']> }>(
    'select packages, config_files, held, states from host_inventory where host_id = $1',
    [hostId],
  );
  if (!row) return [];
  const leftovers = new Set(unpackIds(row.config_files));
  const held = new Set(row.held);
  const versions = await db.query<PackageRow>(
    'select id, name, arch, version, source_name, source_version, origin from package_version where id = any($1) order by name, arch',
    [[...unpackIds(row.packages), ...leftovers]],
  );
  return versions.map(({ id, name, arch, version, source_name, source_version, origin }) => ({
    name,
    arch,
    version,
    sourceName: source_name,
    sourceVersion: source_version,
    state: leftovers.has(id) ? 'config-files' : (row.states[id] ?? 'installed'),
    held: held.has(id),
    ...(origin ? { origin } : {}),
  }));
}
