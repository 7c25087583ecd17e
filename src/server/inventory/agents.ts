import { createHash, timingSafeEqual } from 'node:crypto';
import { makeId } from '../../core/kernel/ids.ts';
import { addMs, epochMs, MINUTE_MS } from '../../core/kernel/instants.ts';
import { AGENT_CREDENTIAL_TRUSTED_SECONDS, ENROLMENT_MINUTES } from '../../core/kernel/limits.ts';
import type { Queryable } from '../../db/db.ts';
import { actorOf } from '../actor.ts';
import type { Context, Handlers } from '../context.ts';
import type { AgentAuthenticator } from '../ports.ts';
import { notFound, RequestFault } from '../runtime/problems.ts';
import { insertHost } from './hosts.ts';

export interface Agents extends AgentAuthenticator {
  forget(hostId: string): void;
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

const NOBODY = Buffer.alloc(32);

/** One hash per request; the stored hash is read again after half a minute, so a removal elsewhere takes effect by then and one here at once. */
export function createAgents(context: Context): Agents {
  const known = new Map<string, { readonly hash: Buffer | null; readonly readMs: number }>();
  async function hashOf(hostId: string): Promise<Buffer | null> {
    const nowMs = epochMs(context.clock.now());
    const entry = known.get(hostId);
    if (entry && nowMs - entry.readMs < AGENT_CREDENTIAL_TRUSTED_SECONDS * 1_000) return entry.hash;
    const [row] = await context.db.query<{ agent_secret_hash: Buffer | null }>(
      'select agent_secret_hash from host where id = $1 and removed_at is null',
      [hostId],
    );
    const hash = row?.agent_secret_hash ?? null;
    // Unknown ids are not remembered: anybody can make them up, and memory would follow.
    if (hash) known.set(hostId, { hash, readMs: nowMs });
    else known.delete(hostId);
    return hash;
  }
  return {
    async authenticate(hostId, secret) {
      const expected = await hashOf(hostId);
      return timingSafeEqual(hashSecret(secret), expected ?? NOBODY) && expected !== null;
    },
    forget: hostId => void known.delete(hostId),
  };
}

interface EnrolmentRow {
  readonly id: string;
  readonly labels: Record<string, string>;
  readonly uses: number;
  readonly used: number;
  readonly expires_at: string;
  readonly created_by: string;
  readonly connected_at: string | null;
  readonly received_at: string | null;
  readonly host_id: string | null;
  readonly host_name: string | null;
  readonly packages: number | null;
}

interface EnrolmentPorts {
  readonly agents: Agents;
  /** The one-line command for a token, as the installer expects it. */
  enrolCommand(baseUrl: string, token: string): string;
  /** Called after a host was added or took up its identity again. */
  onEnrolled(hostId: string): void;
}

export function enrolmentHandlers(context: Context, ports: EnrolmentPorts): Handlers<'enrolmentCreate' | 'enrolmentGet' | 'agentEnrol'> {
  const { db, clock, installation, planKeys } = context;

  async function view(id: string) {
    const [row] = await db.query<EnrolmentRow>(
      `select e.*, host.name as host_name, i.package_count as packages from enrolment e left join host on host.id = e.host_id left join host_inventory i on i.host_id = e.host_id where e.id = $1`,
      [id],
    );
    if (!row) throw notFound('enrolment', id);
    const state = row.received_at ? 'received' : row.connected_at ? 'connected' : row.expires_at <= clock.now() ? 'expired' : 'waiting';
    return {
      id,
      state,
      expiresAt: row.expires_at,
      hostId: row.host_id,
      hostName: row.host_name,
      packages: row.packages,
      labels: row.labels,
    } as const;
  }

  return {
    async enrolmentCreate({ body }, caller) {
      const id = makeId('enrolment', context.randomHex(8));
      const token = `fen_${context.randomHex(32)}`;
      const now = clock.now();
      await db.transaction(async tx => {
        await tx.query(
          'insert into enrolment (id, token_hash, labels, uses, created_by, created_at, expires_at) values ($1, $2, $3::jsonb, $4, $5, $6, $7)',
          [id, hashSecret(token), JSON.stringify(body.labels), body.uses, actorOf(caller), now, addMs(now, ENROLMENT_MINUTES * MINUTE_MS)],
        );
        await context.audit(tx, {
          actor: actorOf(caller),
          action: 'enrolment.create',
          subject: id,
          detail: { uses: body.uses, labels: body.labels },
        });
      });
      return { enrolment: await view(id), token, command: ports.enrolCommand(installation.baseUrl, token) };
    },

    enrolmentGet: ({ params }) => view(params.id),

    async agentEnrol({ body }, _caller, request) {
      const secret = context.randomHex(32);
      const { hostId, enrolmentId } = await db.transaction(async tx => {
        const enrolment = await useToken(tx, body.token, clock.now());
        const known = await hostOfMachine(tx, body.machineId, body.hostname);
        const id = known ?? makeId('host', context.randomHex(8));
        const identity = { name: body.hostname, address: request.remoteAddress, machineId: body.machineId, reach: 'agent' as const };
        if (known === null) await insertHost(tx, { id, ...identity, labels: enrolment.labels, enrolledAt: clock.now() });
        await tx.query(
          'update host set reach = $2, address = $3, agent_public_key = $4, agent_secret_hash = $5, agent_version = $6 where id = $1',
          [id, 'agent', request.remoteAddress, body.publicKey, hashSecret(secret), body.agentVersion],
        );
        await tx.query('update enrolment set used = used + 1, host_id = $2, connected_at = $3, received_at = null where id = $1', [
          enrolment.id,
          id,
          clock.now(),
        ]);
        await context.audit(tx, {
          actor: `enrolment:${enrolment.id}`,
          action: known === null ? 'host.enrol' : 'host.enrol-again',
          subject: id,
          detail: {
            name: body.hostname,
            remoteAddress: request.remoteAddress,
            machineId: body.machineId,
            publicKey: body.publicKey,
            tokenBy: enrolment.created_by,
          },
        });
        return { hostId: id, enrolmentId: enrolment.id };
      });
      ports.agents.forget(hostId);
      ports.onEnrolled(hostId);
      return { hostId, secret, installationId: installation.id, trustedKeys: [...planKeys.trusted], enrolmentId };
    },
  };
}

/** The row lock makes the last use of a token succeed once. The answer is the same for unknown, used and expired ones. */
async function useToken(tx: Queryable, token: string, now: string): Promise<EnrolmentRow> {
  const [row] = await tx.query<EnrolmentRow>(
    'select * from enrolment where token_hash = $1 and used < uses and expires_at > $2 for update',
    [hashSecret(token), now],
  );
  if (row) return row;
  throw new RequestFault(
    403,
    'token-refused',
    'This enrolment token is unknown, used up or expired.',
    'Make a new one under Settings, Enrolment, or with: fettle enrol',
  );
}

/**
 * A machine that enrols again keeps its history: the same machine-id and the same host name. Cloned machines share the machine-id,
 * so that alone makes nobody the same.
 */
async function hostOfMachine(tx: Queryable, machineId: string | null, name: string): Promise<string | null> {
  if (machineId === null) return null;
  const [row] = await tx.query<{ id: string }>(
    "select id from host where machine_id = $1 and name = $2 and removed_at is null and reach in ('agent', 'local') order by enrolled_at limit 1 for update",
    [machineId, name],
  );
  return row?.id ?? null;
}
