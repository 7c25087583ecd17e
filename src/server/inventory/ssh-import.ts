import { Fault } from '../../core/kernel/faults.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { SSH_IMPORTS_AT_ONCE } from '../../core/kernel/limits.ts';
import type { Context } from '../context.ts';
import type { Collected, SshPort } from '../ports.ts';
import { insertHost } from './hosts.ts';
import type { ReportAnswer } from './report.ts';
import type { SecretBox } from './secret-box.ts';
import { moveTarget, readEndpoint, type SshTargetRow } from './ssh-rows.ts';

interface SshImportPorts {
  readonly ssh: SshPort;
  readonly box: SecretBox;
  store(hostId: string, collected: Collected): Promise<ReportAnswer>;
}

/** Works off the hosts that are being added: scans keys, connects to those whose key is pinned. Every step is stored, so that a restart goes on. */
export interface SshImporter {
  /** Look for work now. Resolves when nothing is left that this process can do. */
  run(): Promise<void>;
}

export function createSshImporter(context: Context, ports: SshImportPorts): SshImporter {
  const { db, clock } = context;
  const busy = new Set<string>();
  let running: Promise<void> | null = null;
  let again = false;

  async function nextTargets(): Promise<SshTargetRow[]> {
    const rows = await db.query<SshTargetRow>(
      "select * from ssh_target where state in ('scanning-key', 'connecting') and id <> all($1) order by created_at, id limit $2",
      [[...busy], SSH_IMPORTS_AT_ONCE * 4],
    );
    return rows.filter(row => !busy.has(row.id));
  }

  async function scan(target: SshTargetRow): Promise<void> {
    const keys = byStrength(await ports.ssh.scanKey(target.address, target.port));
    const hostKey = keys.map(({ key }) => key).join('\n');
    // The first is the one that a person compares; ssh itself prefers it too.
    const next = target.accept_key ? 'connecting' : 'awaiting-key-confirmation';
    await moveTarget(db, target.id, 'scanning-key', next, clock.now(), { hostKey, fingerprint: keys[0]?.fingerprint ?? '' });
  }

  async function connect(target: SshTargetRow): Promise<void> {
    const endpoint = await readEndpoint(db, ports.box, 'id', target.id);
    if (!endpoint) throw new Fault('host-key-unknown', `no key is pinned for ${target.address}`, 'Confirm the key of the host first.');
    const collected = await ports.ssh.collect(endpoint, { refresh: false });
    const hostId = target.host_id ?? (await addHost(target, collected));
    const answer = await ports.store(hostId, collected);
    if (answer.kind === 'no-host')
      throw new Fault('host-removed', 'the host was removed while it was being added', 'Add it again if it should be here.');
    await moveTarget(db, target.id, 'connecting', 'received', clock.now(), { hostId });
  }

  async function addHost(target: SshTargetRow, { snapshot }: Collected): Promise<string> {
    const { hostname, machineId } = snapshot.facts;
    const id = makeId('host', context.randomHex(8));
    await db.transaction(async tx => {
      const [same] = await tx.query<{ id: string; reach: string }>(
        'select id, reach from host where machine_id = $1 and name = $2 and removed_at is null',
        [machineId, hostname],
      );
      if (same)
        throw new Fault(
          'host-known',
          `${hostname} is here already, by ${same.reach} (${same.id}).`,
          'Remove that host first if it should be reached by SSH from now on.',
        );
      await insertHost(tx, {
        id,
        name: hostname,
        address: target.address,
        reach: 'ssh',
        machineId,
        labels: target.labels,
        enrolledAt: clock.now(),
      });
      const claimed = await tx.query('update ssh_target set host_id = $2 where id = $1 and host_id is null returning id', [target.id, id]);
      if (claimed.length === 0)
        throw new Fault('host-known', `${target.address} was added by another server process.`, 'Nothing needs to be done.');
      await context.audit(tx, {
        actor: 'system',
        action: 'host.add-ssh',
        subject: id,
        detail: { address: target.address, port: target.port, user: target.user_name, fingerprint: target.fingerprint },
      });
    });
    return id;
  }

  async function step(target: SshTargetRow): Promise<void> {
    try {
      await (target.state === 'scanning-key' ? scan(target) : connect(target));
    } catch (error) {
      const message =
        error instanceof Fault ? `${error.message} ${error.advice}`.trim() : 'something went wrong on the server; its log says more';
      if (!(error instanceof Fault))
        context.log.error({ error: String((error as Error).stack ?? error), address: target.address }, 'a host could not be added by SSH');
      await moveTarget(db, target.id, target.state, 'failed', clock.now(), { message });
    }
  }

  async function drain(): Promise<void> {
    const lanes = new Set<Promise<void>>();
    do {
      again = false;
      for (const target of await nextTargets()) {
        busy.add(target.id);
        const lane: Promise<void> = step(target).finally(() => {
          busy.delete(target.id);
          lanes.delete(lane);
        });
        lanes.add(lane);
        if (lanes.size >= SSH_IMPORTS_AT_ONCE) await Promise.race(lanes);
        again = true;
      }
      if (lanes.size > 0) await Promise.race(lanes);
    } while (again || lanes.size > 0);
  }

  return {
    run() {
      again = true;
      running ??= drain().finally(() => {
        running = null;
      });
      return running;
    },
  };
}

const KEY_TYPES = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'];

function byStrength<Key extends { readonly key: string }>(keys: readonly Key[]): Key[] {
  // -1 for a type that is not in the list becomes the largest number.
  const rank = ({ key }: Key) => KEY_TYPES.indexOf(key.split(' ')[0]!) >>> 0;
  return [...keys].sort((a, b) => rank(a) - rank(b));
}
