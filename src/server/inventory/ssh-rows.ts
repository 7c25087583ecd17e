import type { Instant } from '../../core/kernel/instants.ts';
import type { Queryable } from '../../db/db.ts';
import type { SshEndpoint } from '../ports.ts';
import type { SecretBox } from './secret-box.ts';

type SshTargetState = 'scanning-key' | 'awaiting-key-confirmation' | 'connecting' | 'received' | 'failed';

export interface SshTargetRow {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly user_name: string;
  readonly sudo: SshEndpoint['sudo'];
  readonly credential_id: string;
  readonly labels: Record<string, string>;
  readonly accept_key: boolean;
  readonly state: SshTargetState;
  readonly host_key: string | null;
  readonly fingerprint: string | null;
  readonly message: string | null;
  readonly host_id: string | null;
}

export function targetView(row: SshTargetRow) {
  return {
    id: row.id,
    address: row.address,
    port: row.port,
    state: row.state,
    fingerprint: row.fingerprint,
    message: row.message,
    hostId: row.host_id,
  };
}

/** Moves on from the state that was read; false when somebody else did meanwhile. */
export async function moveTarget(
  db: Queryable,
  id: string,
  from: SshTargetState,
  to: SshTargetState,
  now: Instant,
  fields: { readonly hostKey?: string; readonly fingerprint?: string; readonly message?: string | null; readonly hostId?: string } = {},
): Promise<boolean> {
  const rows = await db.query(
    `update ssh_target set state = $3, updated_at = $4, host_key = coalesce($5, host_key), fingerprint = coalesce($6, fingerprint), message = $7, host_id = coalesce($8, host_id)
     where id = $1 and state = $2 returning id`,
    [id, from, to, now, fields.hostKey ?? null, fields.fingerprint ?? null, fields.message ?? null, fields.hostId ?? null],
  );
  return rows.length > 0;
}

interface EndpointRow extends SshTargetRow {
  readonly kind: 'key' | 'password';
  readonly secret: Buffer;
  readonly sudo_secret: Buffer | null;
}

/** With secrets in the clear: for a connection that is made now. `column` says what `value` is. */
export async function readEndpoint(db: Queryable, box: SecretBox, column: 'id' | 'host_id', value: string): Promise<SshEndpoint | null> {
  const [row] = await db.query<EndpointRow>(
    `select t.*, c.kind, c.secret, c.sudo_secret from ssh_target t join ssh_credential c on c.id = t.credential_id where t.${column} = $1`,
    [value],
  );
  if (!row?.host_key) return null;
  const secret = box.open(row.secret, `ssh_credential|${row.credential_id}`);
  return {
    address: row.address,
    port: row.port,
    user: row.user_name,
    sudo: row.sudo,
    authentication: row.kind === 'key' ? { kind: 'key', privateKey: secret } : { kind: 'password', password: secret },
    sudoPassword: row.sudo_secret === null ? undefined : box.open(row.sudo_secret, `ssh_credential.sudo|${row.credential_id}`),
    hostKeys: row.host_key.split('\n'),
  };
}
