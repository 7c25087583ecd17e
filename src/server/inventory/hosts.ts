import type { Reach } from '../../core/inventory/snapshot.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { Queryable } from '../../db/db.ts';
import { actorOf } from '../actor.ts';
import type { Context, Handlers } from '../context.ts';
import type { FleetPort, InventoryChange } from '../ports.ts';
import { conflict, notFound } from '../runtime/problems.ts';

interface NewHost {
  readonly id: string;
  readonly name: string;
  readonly address: string | null;
  readonly reach: Reach;
  readonly machineId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly enrolledAt: Instant;
}

export async function insertHost(tx: Queryable, host: NewHost): Promise<void> {
  await tx.query(
    'insert into host (id, name, address, reach, machine_id, labels, enrolled_at) values ($1, $2, $3, $4, $5, $6::jsonb, $7)',
    [host.id, host.name, host.address, host.reach, host.machineId, JSON.stringify(host.labels), host.enrolledAt],
  );
}

interface HostHandlerPorts {
  readonly fleet: Pick<FleetPort, 'summaryOf'>;
  announce(change: InventoryChange): void;
  /** After commit: credentials and memories of the host must go. */
  onRemoved(hostId: string): void;
  requestReport(hostId: string, options: { refresh: boolean }): void;
}

export function hostHandlers(context: Context, ports: HostHandlerPorts): Handlers<'hostUpdate' | 'hostDelete' | 'hostRefresh'> {
  const { db, clock } = context;
  const announce = (hostId: string) => ports.announce({ hostId, observedAt: clock.now(), added: [], removed: [] });

  return {
    async hostUpdate({ params: { id }, body }, caller) {
      await db.transaction(async tx => {
        const [before] = await tx.query<{ labels: Record<string, string>; criticality: string; exposure: string }>(
          'select labels, criticality, exposure from host where id = $1 and removed_at is null for update',
          [id],
        );
        if (!before) throw notFound('host', id);
        const after = {
          labels: body.labels ?? before.labels,
          criticality: body.criticality ?? before.criticality,
          exposure: body.exposure ?? before.exposure,
        };
        await tx.query('update host set labels = $2::jsonb, criticality = $3, exposure = $4 where id = $1', [
          id,
          JSON.stringify(after.labels),
          after.criticality,
          after.exposure,
        ]);
        await context.audit(tx, { actor: actorOf(caller), action: 'host.update', subject: id, detail: { before, after } });
      });
      announce(id);
      const summary = await ports.fleet.summaryOf(id);
      if (!summary) throw notFound('host', id);
      return summary;
    },

    async hostDelete({ params: { id } }, caller) {
      await db.transaction(async tx => {
        const [host] = await tx.query<{ name: string; reach: string }>(
          'update host set removed_at = $2, agent_secret_hash = null where id = $1 and removed_at is null returning name, reach',
          [id, clock.now()],
        );
        if (!host) throw notFound('host', id);
        await removeSshSecrets(tx, id);
        await context.audit(tx, { actor: actorOf(caller), action: 'host.remove', subject: id, detail: host });
      });
      ports.onRemoved(id);
      announce(id);
      return {};
    },

    async hostRefresh({ params: { id } }) {
      const [host] = await db.query<{ reach: Reach; name: string }>('select reach, name from host where id = $1 and removed_at is null', [
        id,
      ]);
      if (!host) throw notFound('host', id);
      if (host.reach === 'upload')
        throw conflict(
          'host-is-uploaded',
          `${host.name} was added from a package list, so nothing can be asked of it.`,
          'Upload a new list under the same name.',
        );
      ports.requestReport(id, { refresh: true });
      return { requestedAt: clock.now() };
    },
  };
}

/** A removed host is not reached any more, so nothing that could reach it is kept. Credentials that other hosts use stay. */
async function removeSshSecrets(tx: Queryable, hostId: string): Promise<void> {
  const gone = await tx.query<{ credential_id: string }>('delete from ssh_target where host_id = $1 returning credential_id', [hostId]);
  const ids = gone.map(row => row.credential_id);
  if (ids.length > 0)
    await tx.query(
      'delete from ssh_credential c where c.id = any($1) and not exists (select from ssh_target t where t.credential_id = c.id)',
      [ids],
    );
}
