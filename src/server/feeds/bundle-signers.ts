import type { Answer } from '../../api/contract.ts';
import type { feeds } from '../../api/feeds.ts';
import { keyId } from '../../core/evidence/envelope.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { actorOf } from '../actor.ts';
import type { Context, Handlers } from '../context.ts';
import { conflict, invalid, notFound } from '../runtime/problems.ts';
import type { BundleTrust } from './bundle-file.ts';
import { openBundleKey, whyNoBundleKey } from './bundle-key.ts';
import type { FromBundle } from './feed-files.ts';

interface SignerRow {
  readonly key_id: string;
  readonly public_key: string;
  readonly name: string;
  readonly trusted_at: Instant;
  readonly trusted_by: string;
  readonly last_bundle_at: Instant | null;
}

/** The keys of the installations that somebody here believes, and our own: what we exported ourselves may come back. */
export async function signerTrust({ db, clock, installation }: Context): Promise<BundleTrust> {
  const rows = await db.query<SignerRow>('select * from feed_signer order by key_id');
  return { keys: [openBundleKey(installation.dataDir).publicKey, ...rows.map(row => row.public_key)], now: clock.now() };
}

/** From now on nothing older is taken in from there. */
export async function noteBundle({ db }: Context, { keyId: id, createdAt }: FromBundle): Promise<void> {
  await db.query('update feed_signer set last_bundle_at = greatest(last_bundle_at, $2) where key_id = $1', [id, createdAt]);
}

function viewOf(row: SignerRow): Answer<(typeof feeds)['feedSignerTrust']> {
  return {
    id: row.key_id,
    name: row.name,
    publicKey: row.public_key,
    trustedAt: row.trusted_at,
    trustedBy: row.trusted_by,
    lastBundleAt: row.last_bundle_at,
  };
}

export function bundleSignerHandlers(context: Context): Handlers<'feedKey' | 'feedSignerList' | 'feedSignerTrust' | 'feedSignerDelete'> {
  const { db, clock, installation } = context;
  return {
    async feedKey() {
      const key = openBundleKey(installation.dataDir);
      return { id: key.keyId, publicKey: key.publicKey, installation: installation.name };
    },

    feedSignerList: async () => ({ items: (await db.query<SignerRow>('select * from feed_signer order by name, key_id')).map(viewOf) }),

    async feedSignerTrust({ body: { publicKey, name } }, caller) {
      const why = whyNoBundleKey(publicKey);
      if (why !== null)
        throw invalid('body/publicKey', why, 'Run `fettle feed key` on the installation that exports, and copy what it prints.');
      const id = keyId(publicKey);
      const actor = actorOf(caller);
      const [row] = await db.transaction(async tx => {
        const made = await tx.query<SignerRow>(
          'insert into feed_signer (key_id, public_key, name, trusted_at, trusted_by) values ($1, $2, $3, $4, $5) on conflict do nothing returning *',
          [id, publicKey, name, clock.now(), actor],
        );
        if (made.length > 0) await context.audit(tx, { actor, action: 'feed.signer.trust', subject: id, detail: { name } });
        return made;
      });
      if (row === undefined)
        throw conflict(
          'signer-known',
          `The key ${id.slice(0, 16)} is trusted already.`,
          'Look at `fettle feed signers`; to rename it, distrust it first.',
        );
      return viewOf(row);
    },

    async feedSignerDelete({ params: { id } }, caller) {
      const actor = actorOf(caller);
      const gone = await db.transaction(async tx => {
        const rows = await tx.query<SignerRow>('delete from feed_signer where key_id = $1 returning *', [id]);
        if (rows[0] !== undefined)
          await context.audit(tx, { actor, action: 'feed.signer.distrust', subject: id, detail: { name: rows[0].name } });
        return rows;
      });
      if (gone.length === 0) throw notFound('key', id);
      return {};
    },
  };
}
