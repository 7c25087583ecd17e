import type { z } from 'zod';
import type { agent, SimulationAnswer } from '../api/agent.ts';
import type { Access, Answer } from '../api/contract.ts';
import type { ExceptionMarkView } from '../api/exceptions.ts';
import type { Overview } from '../api/findings.ts';
import type { HostSummaryView } from '../api/hosts.ts';
import type { ExceptionKind } from '../core/findings/exceptions/kinds.ts';
import type { Worst } from '../core/findings/exceptions/life.ts';
import type { ScopeFacts } from '../core/findings/exceptions/reopen.ts';
import type { ExceptionScope, ScopedFinding } from '../core/findings/exceptions/scope.ts';
import type { HostFacts, PackageChange, PackageRecord, Snapshot } from '../core/inventory/snapshot.ts';
import type { Instant } from '../core/kernel/instants.ts';
import type { JobEvent, JobResult } from '../core/rollouts/host-plan.ts';
import type { RehearsalReport } from '../core/rollouts/rehearsal.ts';
import type { Queryable } from '../db/db.ts';

/** How server nouns reach each other: small interfaces, implemented by one noun, handed to the others by main/server.ts. */

export type AgentTask = Answer<(typeof agent)['agentCheckIn']>['tasks'][number];
export type SimulationResult = z.output<typeof SimulationAnswer>;
export type PermitAnswer = Answer<(typeof agent)['agentPermit']>;

/** Implemented by server/rollouts; used by the agent routes (server/inventory) and by the SSH runner (main). */
export interface JobPort {
  /** Simulations and jobs that the host should start now; idempotent until answered. */
  tasksFor(hostId: string): Promise<AgentTask[]>;
  recordSimulation(hostId: string, requestId: string, answer: SimulationResult): Promise<void>;
  recordRehearsal(hostId: string, rehearsalId: string, report: RehearsalReport): Promise<void>;
  recordEvents(hostId: string, jobId: string, attempt: number, events: readonly JobEvent[]): Promise<{ cancelRequested: boolean }>;
  /** `sharesReboot`: the host can wait with its reboot while it works on another job. */
  requestPermit(hostId: string, jobId: string, attempt: number, phase: 'apply' | 'reboot', sharesReboot?: boolean): Promise<PermitAnswer>;
  recordResult(hostId: string, jobId: string, attempt: number, result: JobResult): Promise<void>;
}

/** One place that wakes long polls and the SSH runner when there is work for a host. In-process; polling covers other replicas. */
export interface WakePort {
  wake(hostId: string): void;
  /** Resolves on wake, on abort, or after `ms`. */
  wait(hostId: string, ms: number, signal: AbortSignal): Promise<void>;
  /** For the SSH runner: called with every host id that is woken. */
  onWake(listener: (hostId: string) => void): () => void;
}

/** What changed when a report was stored. Ids are package_version ids. */
export interface InventoryChange {
  readonly hostId: string;
  readonly observedAt: string;
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** Implemented by server/inventory. */
export interface InventoryPort {
  /** Called after commit with each stored change (and with empty lists when only facts or candidates changed, or a host was added, edited or removed). */
  onChange(listener: (change: InventoryChange) => void): void;
  packagesOf(hostId: string): Promise<PackageRecord[]>;
  factsOf(hostId: string): Promise<{ facts: HostFacts; observedAt: string } | null>;
  /** Asks for a fresh report at the next chance (agent: report task; SSH: the runner collects). */
  requestReport(hostId: string, options: { refresh: boolean }): void;
  /** Fresher than the table host_seen; null when this process has not heard of the host since it started. `problem`: why the last attempt to reach it failed. */
  seenOf(
    hostId: string,
  ): { readonly lastSeenAt: string | null; readonly inventoryAt: string | null; readonly problem: string | null } | null;
}

/** One binary package to move on one host so that a patch is in place. */
export interface HostChange {
  readonly name: string;
  readonly arch: string;
  readonly fromVersion: string;
  readonly toVersion: string;
}

/** Implemented by server/fleet: the in-memory read model. */
export interface FleetPort {
  /** Hosts of a selector at this moment, or where the query is wrong. */
  resolve(selector: {
    groupId?: string | undefined;
    query?: string | undefined;
    hostIds?: readonly string[] | undefined;
  }): Promise<{ hostIds: string[]; problem: string | null }>;
  /** For each host: the changes that put these patches in place, or why there are none (held, not offered, already there). */
  changesFor(
    patchIds: readonly string[],
    hostIds: readonly string[],
  ): Promise<
    {
      hostId: string;
      hostName: string;
      changes: HostChange[];
      excluded: { reason: string; alreadyCompliant: boolean } | null;
      restartUnits: string[];
      rebootExpected: boolean;
      /** Why the host asks for a reboot already, before this changes anything; empty or absent when it does not. */
      rebootPending?: readonly string[];
      /** When the first finding that this closes on the host is due. */
      dueAt?: string | null;
      /** Vulnerabilities that it closes there and whose decision asks for evidence first (BOD 26-04). */
      forensic?: readonly string[];
    }[]
  >;
  /** Patches that some of these hosts need and are offered; null: of the whole fleet. */
  patchesOn(
    hostIds: readonly string[] | null,
  ): Promise<
    { patchId: string; title: string; platform: string; sourceName: string; security: boolean; knownExploited: readonly string[] }[]
  >;
  /** Vulnerabilities that this move closes on the host, for proof. */
  closedBy(hostId: string, changes: readonly HostChange[]): string[];
  /** Open findings (with restart-pending and the like counted as open) that concern these source packages on the host now. */
  openOn(hostId: string): { vulnerabilityId: string; sourceName: string; state: string }[];
  hostName(hostId: string): string | null;
  /** As the list shows it, after taking in everything that InventoryPort.onChange has announced; null for an unknown or removed host. */
  summaryOf(hostId: string): Promise<HostSummaryView | null>;
}

/** Implemented by server/inventory; used by the HTTP kernel for `authorization: FettleAgent HOST_ID.SECRET`. False for unknown, removed and replaced identities. */
export interface AgentAuthenticator {
  authenticate(hostId: string, secret: string): Promise<boolean>;
}

/** What a host told at one moment, whatever the reach. */
export interface Collected {
  readonly snapshot: Snapshot;
  /** From the host's own logs; the server keeps each change once, so sending them again is harmless. */
  readonly history: readonly PackageChange[];
  /** Vulnerabilities that the changelogs of candidates and of installed rebuilds name, by the first version (`version`) that has the fix. */
  readonly changelogs: readonly {
    readonly sourceName: string;
    readonly version: string;
    readonly vulnerabilities: readonly string[];
    readonly entryDate: string | null;
  }[];
}

/** How to reach a host by SSH; the shape of plugins/transports/ssh SshTarget. Holds secrets in the clear: keep it in memory only. */
export interface SshEndpoint {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly authentication: { readonly kind: 'key'; readonly privateKey: string } | { readonly kind: 'password'; readonly password: string };
  readonly sudo: 'none' | 'passwordless' | 'password';
  /** For `sudo: password`; the sign-in password when left out. */
  readonly sudoPassword?: string | undefined;
  /** Pinned host keys, `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
}

/** Implemented in main by the SSH runner; used by server/inventory while hosts are being added. Both throw TransportFault. */
export interface SshPort {
  /** The keys that the host shows now; nothing is trusted by this. */
  scanKey(address: string, port: number): Promise<readonly { readonly key: string; readonly fingerprint: string }[]>;
  collect(endpoint: SshEndpoint, options: { readonly refresh: boolean }): Promise<Collected>;
}

/** Implemented by server/access. */
export interface PeoplePort {
  /** Nobody else could approve in this person's place (server/access/single-person.ts), rollouts unless another permission is named. Pass the transaction that approves. */
  isSinglePerson(personId: string, tx?: Queryable, permission?: Access): Promise<boolean>;
}

/** Implemented by server/feeds. */
export interface FeedPort {
  /** After the commit of a load that changed something, with the ids of its feeds; `changelog` when hosts' changelogs told something new. */
  onChange(listener: (feedIds: readonly string[]) => void): void;
}

/** What an exception says of one host: stands beside its findings, leaves them out of net numbers, holds a patch. */
export interface ExceptionOnHost {
  readonly mark: ExceptionMarkView;
  /** When the first of its chain was in force. */
  readonly since: Instant;
  /** `VULNERABILITY SOURCE` (core/findings/exceptions/scope.ts keyOf). */
  readonly keys: ReadonlySet<string>;
}

/** Exceptions in force, as of one moment. */
export interface ExceptionMarks {
  /** Changes whenever any exception does. */
  readonly revision: string;
  readonly byHost: ReadonlyMap<string, readonly ExceptionOnHost[]>;
  /** Source packages that any of them speaks of. */
  readonly sources: ReadonlySet<string>;
}

/** Implemented by server/exceptions. */
export interface ExceptionPort {
  marks(): Promise<ExceptionMarks>;
  /** What people have to do about exceptions, for the overview. */
  attention(): Promise<z.output<typeof Overview>['next']>;
  /** Exceptions by what has become of them, for the overview. */
  counts(): Promise<{ readonly inForce: number; readonly expiring: number; readonly waiting: number }>;
}

/** Which findings of which hosts, as people choose them. */
export interface ScopeSelection {
  readonly query: string | null;
  readonly hostIds: readonly string[] | null;
  readonly vulnerabilityIds: readonly string[];
  readonly sourceName: string | null;
  readonly patchId: string | null;
  /** Exact ones, for a renewal. */
  readonly findings?: readonly ScopedFinding[] | undefined;
}

export interface ScopeLook {
  readonly facts: ScopeFacts;
  readonly worst: Worst;
}

/** Implemented by server/fleet. */
export interface ScopePort {
  /** The findings that are open now; `problem` says what of the selection is wrong, with its field. */
  select(
    selection: ScopeSelection,
    kind: ExceptionKind,
  ): Promise<{ readonly scope: ExceptionScope; readonly problem: { readonly field: string; readonly text: string } | null }>;
  /** What the scope looks like now, without the findings that `isExcused` (VULNERABILITY SOURCE, core/findings/exceptions/scope.ts keyOf) takes out. */
  look(scope: ExceptionScope, isExcused?: (hostId: string, key: string) => boolean): Promise<ScopeLook>;
  hostName(hostId: string): string | null;
}
