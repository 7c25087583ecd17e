import { parseSshAddresses, type SshAddress } from '../../core/inventory/ssh-addresses.ts';
import { actorOf } from '../actor.ts';
import type { Context, Handlers } from '../context.ts';
import { conflict, RequestFault } from '../runtime/problems.ts';
import type { SecretBox } from './secret-box.ts';
import type { SshImporter } from './ssh-import.ts';
import { moveTarget, type SshTargetRow, targetView } from './ssh-rows.ts';

const TARGETS_SHOWN = 1_000;

export function sshHandlers(
  context: Context,
  box: SecretBox,
  importer: SshImporter,
): Handlers<'hostSshImport' | 'hostSshTargets' | 'hostSshConfirm'> {
  const { db, clock } = context;
  const start = () => void importer.run().catch(error => context.log.error({ error: String(error) }, 'adding hosts by SSH stopped'));

  async function refuseKnown(targets: readonly SshAddress[]): Promise<void> {
    const rows = await db.query<{ address: string; port: number; name: string }>(
      `select t.address, t.port, host.name from ssh_target t join host on host.id = t.host_id and host.removed_at is null
       join jsonb_to_recordset($1::jsonb) as w(address text, port int) on w.address = t.address and w.port = t.port`,
      [JSON.stringify(targets)],
    );
    if (rows.length === 0) return;
    throw refused(rows.map(row => `${row.address}:${row.port} is the host ${row.name} already`));
  }

  async function byIds(ids: readonly string[]): Promise<SshTargetRow[]> {
    return db.query<SshTargetRow>('select * from ssh_target where id = any($1) order by created_at, id', [ids]);
  }

  return {
    async hostSshImport({ body }, caller) {
      const { targets, problems } = parseSshAddresses(body.addresses, body.user);
      if (problems.length > 0) throw refused(problems.map(({ line, message }) => (line === 0 ? message : `line ${line}: ${message}`)));
      await refuseKnown(targets);
      const credentialId = `cred_${context.randomHex(8)}`;
      const secret = body.authentication.kind === 'key' ? body.authentication.privateKey : body.authentication.password;
      if (body.authentication.kind === 'key' && !secret.includes('PRIVATE KEY-----'))
        throw refused(['the key is no private key (it begins with -----BEGIN ... PRIVATE KEY-----)']);
      const sudoPassword = body.sudo === 'password' ? body.sudoPassword : undefined;
      if (body.sudo === 'password' && body.authentication.kind === 'key' && sudoPassword === undefined)
        throw refused(['sudo with a password needs that password (sudoPassword), because the sign-in is by key']);
      const now = clock.now();
      const ids = targets.map(() => `ssh_${context.randomHex(8)}`);
      await db.transaction(async tx => {
        // An address whose adding failed or waits is begun anew: the old attempt is of no use any more.
        await tx.query(
          `delete from ssh_target t using jsonb_to_recordset($1::jsonb) as w(address text, port int) where w.address = t.address and w.port = t.port and t.host_id is null`,
          [JSON.stringify(targets)],
        );
        await tx.query(
          'insert into ssh_credential (id, kind, secret, created_by, created_at, sudo_secret) values ($1, $2, $3, $4, $5, $6)',
          [
            credentialId,
            body.authentication.kind,
            box.seal(secret, `ssh_credential|${credentialId}`),
            actorOf(caller),
            now,
            sudoPassword === undefined ? null : box.seal(sudoPassword, `ssh_credential.sudo|${credentialId}`),
          ],
        );
        await tx.query(
          `insert into ssh_target (id, address, port, user_name, sudo, credential_id, labels, accept_key, state, created_at, updated_at)
           select w.id, w.address, w.port, w."user", $2, $3, $4::jsonb, $5, 'scanning-key', $6, $6 from jsonb_to_recordset($1::jsonb) as w(id text, address text, port int, "user" text)`,
          [
            JSON.stringify(targets.map((target, index) => ({ ...target, id: ids[index] }))),
            body.sudo,
            credentialId,
            JSON.stringify(body.labels),
            body.acceptKeys,
            now,
          ],
        );
        await tx.query('delete from ssh_credential c where not exists (select from ssh_target t where t.credential_id = c.id)');
        await context.audit(tx, {
          actor: actorOf(caller),
          action: 'host.ssh-import',
          subject: credentialId,
          detail: {
            addresses: targets.map(target => `${target.user}@${target.address}:${target.port}`),
            sudo: body.sudo,
            authentication: body.authentication.kind,
            acceptKeys: body.acceptKeys,
          },
        });
      });
      start();
      return { targets: (await byIds(ids)).map(targetView) };
    },

    async hostSshTargets() {
      const rows = await db.query<SshTargetRow>('select * from ssh_target order by created_at desc, id limit $1', [TARGETS_SHOWN]);
      return { targets: rows.map(targetView) };
    },

    async hostSshConfirm({ body: { ids } }, caller) {
      const rows = await byIds(ids);
      const usable = rows.filter(row => row.state === 'awaiting-key-confirmation' || row.state === 'failed');
      if (usable.length === 0)
        throw conflict(
          'nothing-to-confirm',
          'None of these hosts waits for a confirmation.',
          'Look at the list: they may be connected already.',
        );
      await db.transaction(async tx => {
        // A host that failed is tried again: from its key if that is pinned, else from the scan.
        for (const row of usable)
          await moveTarget(tx, row.id, row.state, row.host_key === null ? 'scanning-key' : 'connecting', clock.now());
        await context.audit(tx, {
          actor: actorOf(caller),
          action: 'host.ssh-confirm',
          subject: usable[0]!.id,
          detail: { keys: usable.map(row => ({ address: `${row.address}:${row.port}`, fingerprint: row.fingerprint })) },
        });
      });
      start();
      return { targets: (await byIds(ids)).map(targetView) };
    },
  };
}

function refused(messages: readonly string[]): RequestFault {
  const more = messages.length > 1 ? ` (and ${messages.length - 1} more)` : '';
  return new RequestFault(400, 'invalid-input', `${messages[0]}${more}`, 'Correct the list and send it again; nothing was added.', {
    fields: messages.slice(0, 100).map(message => ({ path: 'body/addresses', message })),
  });
}
