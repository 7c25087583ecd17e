import type { z } from 'zod';
import type { JobResultBody, ReportBody } from '../../api/agent.ts';
import type { PartDigests } from '../../core/inventory/digest.ts';
import { fromPackageRow } from '../../core/inventory/package-row.ts';
import type { PackageChange } from '../../core/inventory/snapshot.ts';
import type { JobEvent, JobResult } from '../../core/rollouts/host-plan.ts';
import type { RehearsalReport } from '../../core/rollouts/rehearsal.ts';
import { deb } from '../../core/versions/deb.ts';
import { compareVersions, isInvalid } from '../../core/versions/scheme.ts';
import type { Context, Handlers } from '../context.ts';
import type { JobPort, WakePort } from '../ports.ts';
import { invalid, RequestFault } from '../runtime/problems.ts';
import { hostOf } from './callers.ts';
import { hostFacts } from './facts.ts';
import type { HostStates } from './host-states.ts';
import { PARTS, type Report, type ReportAnswer } from './report.ts';
import type { ReportRequests } from './report-requests.ts';
import type { ReportStore } from './reports.ts';
import type { SeenHosts } from './seen.ts';

export interface AgentRoutePorts {
  readonly jobs: JobPort;
  readonly wake: WakePort;
  readonly states: HostStates;
  readonly seen: SeenHosts;
  readonly requests: ReportRequests;
  readonly reports: ReportStore;
  /** After a host's first inventory: the enrolment or SSH import that waits for it is done. */
  onFirstInventory(hostId: string): Promise<void>;
}

/** A one-shot agent comes back after this long; one that waits on the line comes back at once. */
const NEXT_CHECK_IN_SECONDS = 300;

type AgentRoute =
  | 'agentCheckIn'
  | 'agentReport'
  | 'agentSimulation'
  | 'agentRehearsal'
  | 'agentJobEvents'
  | 'agentPermit'
  | 'agentJobResult';

export function agentHandlers(context: Context, ports: AgentRoutePorts): Handlers<AgentRoute> {
  const { clock } = context;
  const { jobs, wake, states, seen, requests, reports } = ports;

  async function tasksNow(hostId: string, digests: PartDigests | null) {
    const stored = await states.of(hostId);
    const isKnown =
      digests !== null &&
      stored !== null &&
      stored.facts === digests.facts &&
      stored.packages === digests.packages &&
      stored.candidates === digests.candidates;
    // These are the digests of its last report, not of what is there now: they say nothing of the age of the inventory.
    if (!isKnown) requests.expect(hostId);
    const report = requests.take(hostId);
    const tasks = await jobs.tasksFor(hostId);
    return report ? [{ kind: 'report' as const, refresh: report.refresh }, ...tasks] : tasks;
  }

  return {
    async agentCheckIn({ body }, caller, request) {
      const hostId = hostOf(caller);
      seen.touch(hostId, false);
      let tasks = await tasksNow(hostId, body.digests);
      if (tasks.length === 0 && body.waitSeconds > 0) {
        await wake.wait(hostId, body.waitSeconds * 1_000, request.signal);
        tasks = await tasksNow(hostId, body.digests);
      }
      return { tasks, serverTime: clock.now(), nextCheckInSeconds: body.waitSeconds > 0 || tasks.length > 0 ? 0 : NEXT_CHECK_IN_SECONDS };
    },

    async agentReport({ body }, caller, request) {
      const hostId = hostOf(caller);
      const answer = await reports.accept(hostId, reportOf(body), facts => ({
        name: facts.hostname,
        address: facts.addresses[0] ?? request.remoteAddress,
      }));
      return await settle(ports, hostId, answer);
    },

    async agentSimulation({ params, body }, caller) {
      const hostId = hostOf(caller);
      seen.touch(hostId, false);
      await jobs.recordSimulation(hostId, params.id, body);
      return {};
    },

    async agentRehearsal({ params, body }, caller) {
      const hostId = hostOf(caller);
      seen.touch(hostId, false);
      await jobs.recordRehearsal(hostId, params.id, body as RehearsalReport);
      return {};
    },

    async agentJobEvents({ params, body }, caller) {
      const hostId = hostOf(caller);
      seen.touch(hostId, false);
      return await jobs.recordEvents(hostId, params.id, params.attempt, body.events as readonly JobEvent[]);
    },

    agentPermit: ({ params, body }, caller) => jobs.requestPermit(hostOf(caller), params.id, params.attempt, body.phase, body.sharesReboot),

    async agentJobResult({ params, body }, caller) {
      const hostId = hostOf(caller);
      if (body.jobId !== params.id || body.attempt !== params.attempt) throw invalid('body/jobId', 'is not the job of the address');
      seen.touch(hostId, false);
      // The closed words of class, phase and test are checked by server/rollouts, which owns them.
      await jobs.recordResult(hostId, params.id, params.attempt, body as unknown as JobResult);
      await reports.recordChanges(hostId, jobChanges(body), 'job');
      return { stored: true };
    },
  };
}

/** What both reaches do after `accept`. Throws when the host is gone. */
export async function settle(ports: Pick<AgentRoutePorts, 'seen' | 'requests' | 'onFirstInventory'>, hostId: string, answer: ReportAnswer) {
  if (answer.kind === 'no-host') throw new RequestFault(403, 'host-removed', 'This host was removed.', 'Enrol the host again.');
  if (answer.kind === 'missing') return { accepted: false, missing: [...answer.missing] };
  ports.seen.touch(hostId, true);
  ports.requests.done(hostId);
  if (answer.kind === 'stored' && answer.first) await ports.onFirstInventory(hostId);
  return { accepted: true, missing: [] };
}

function reportOf(body: z.output<typeof ReportBody>): Report {
  return {
    observedAt: body.observedAt,
    digests: body.digests,
    sent: new Set(PARTS.filter(part => body[part] !== undefined)),
    facts: () => hostFacts(body.facts),
    packages: () => (body.packages ?? []).map((row, index) => fromPackageRow(row) ?? refuse(index, row[5])),
    candidates: () => body.candidates ?? null,
    history: body.history ?? [],
    changelogs: body.changelogs ?? [],
  };
}

function refuse(index: number, state: string): never {
  throw invalid(`body/packages/${index}/5`, `${JSON.stringify(state.slice(0, 40))} is no dpkg state`);
}

/** The changes that a job made, from what the host observed before and after. */
export function jobChanges(result: Pick<z.output<typeof JobResultBody>, 'before' | 'after' | 'touched' | 'finishedAt'>): PackageChange[] {
  if (!result.touched) return [];
  const before = new Map(result.before.map(row => [`${row.name}\t${row.arch}`, row.version]));
  return result.after.flatMap(({ name, arch, version }) => {
    const old = before.get(`${name}\t${arch}`) ?? null;
    if (old === version) return [];
    return [
      {
        at: result.finishedAt,
        action: actionOf(old, version),
        name,
        arch,
        fromVersion: old,
        toVersion: version,
        commandLine: null,
        requestedBy: null,
      },
    ];
  });
}

function actionOf(from: string | null, to: string | null): PackageChange['action'] {
  if (from === null) return 'install';
  if (to === null) return 'remove';
  const ordering = compareVersions(deb, to, from);
  return !isInvalid(ordering) && ordering < 0 ? 'downgrade' : 'upgrade';
}
