import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { keyId } from '../../core/evidence/envelope.ts';
import { Fault } from '../../core/kernel/faults.ts';
import type { Clock } from '../../core/kernel/instants.ts';
import type { Db } from '../../db/db.ts';
import { publicKeyText, readSigningKey, writeSigningKey } from '../../server/runtime/signing-key-file.ts';

const SETTING = 'plan-signing-key';

function readKey(file: string): KeyObject {
  try {
    return readSigningKey(file);
  } catch (error) {
    throw new Fault(
      'plan-key-unreadable',
      `The plan-signing key ${file} cannot be read: ${(error as Error).message}.`,
      'Restore it from the backup of the data folder.',
      error,
    );
  }
}

function keyIdOf(privateKey: KeyObject): string {
  return keyId(publicKeyText(privateKey));
}

/**
 * The key that hosts pin at enrolment: made once, kept in the data folder and never in the database. The database knows its name, so that a lost
 * or foreign key is met here and not by hosts that refuse every plan.
 */
export async function openPlanKey(db: Db, dataFolder: string, clock: Clock, replace: boolean): Promise<KeyObject> {
  const file = path.join(dataFolder, 'keys', 'plan-signing.pem');
  const [known] = await db.query<{ value: { keyId: string } }>('select value from setting where key = $1', [SETTING]);
  if (known !== undefined && !replace && !existsSync(file))
    throw new Fault(
      'plan-key-missing',
      `The plan-signing key ${file} is missing, but hosts of this database have pinned it.`,
      'Restore the data folder from its backup. If the key is lost: start once with FETTLE_REPLACE_PLAN_KEY=yes and enrol the hosts again.',
    );
  const key = existsSync(file) ? readKey(file) : writeSigningKey(file);
  const id = keyIdOf(key);
  if (known !== undefined && known.value.keyId !== id && !replace)
    throw new Fault(
      'plan-key-differs',
      `The plan-signing key ${file} is not the one that hosts of this database have pinned.`,
      'Copy keys/plan-signing.pem from the data folder that was used with this database. If it is lost: start once with FETTLE_REPLACE_PLAN_KEY=yes and enrol the hosts again.',
    );
  if (known?.value.keyId !== id)
    await db.query(
      'insert into setting (key, value, updated_at, updated_by) values ($1, $2::jsonb, $3, $4) on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at',
      [SETTING, JSON.stringify({ keyId: id }), clock.now(), 'system'],
    );
  return key;
}
