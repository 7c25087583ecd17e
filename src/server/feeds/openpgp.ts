import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export type SignatureVerdict =
  | { readonly kind: 'good'; readonly fingerprint: string }
  | { readonly kind: 'bad'; readonly reason: string }
  | { readonly kind: 'no-program' };

const VERIFY_MS = 60_000;
const KEYRING_BYTES_MAX = 4_000_000;

/** The publisher's key that an administrator has put down for a feed: `feed-keys/FEED.asc` or `.gpg` in the data folder. */
export function keyringOf(dataDir: string, feedId: string): string | null {
  return ['asc', 'gpg'].map(ending => path.join(dataDir, 'feed-keys', `${feedId}.${ending}`)).find(file => existsSync(file)) ?? null;
}

/**
 * A detached OpenPGP signature, by gpgv: it knows no network, no web of trust and no keys but those of the given ring (gpgv(1)). `folder` is for the
 * ring in the binary form that it reads.
 */
export function verifySignature(keyring: string, signature: string, file: string, folder: string): Promise<SignatureVerdict> {
  const ring = binaryKeyring(keyring, folder);
  if (ring === null) return Promise.resolve({ kind: 'bad', reason: `${path.basename(keyring)} holds no OpenPGP public key` });
  return new Promise(resolve => {
    execFile(
      'gpgv',
      ['--status-fd', '1', '--keyring', ring, '--', signature, file],
      { timeout: VERIFY_MS, maxBuffer: 1_000_000, env: { PATH: process.env.PATH, LC_ALL: 'C', GNUPGHOME: folder } },
      (error, stdout) => {
        if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') return resolve({ kind: 'no-program' });
        resolve(verdictOf(error === null, stdout));
      },
    );
  });
}

/** The status lines of gpgv (GnuPG's doc/DETAILS): VALIDSIG names the key; an expired or revoked one makes no valid signature for us. */
function verdictOf(succeeded: boolean, status: string): SignatureVerdict {
  const has = (word: string) => status.includes(`[GNUPG:] ${word} `);
  const valid = /^\[GNUPG:\] VALIDSIG ([0-9A-F]{40,64}) .*?([0-9A-F]{40,64})?$/m.exec(status);
  if (has('BADSIG')) return { kind: 'bad', reason: 'the signature does not fit the file' };
  if (has('REVKEYSIG') || has('EXPKEYSIG')) return { kind: 'bad', reason: 'it is signed with a key that is expired or revoked' };
  if (has('NO_PUBKEY')) return { kind: 'bad', reason: 'it is signed with a key that is not the one put down here' };
  if (succeeded && valid) return { kind: 'good', fingerprint: valid[2] ?? valid[1]! };
  return { kind: 'bad', reason: 'the signature cannot be read' };
}

/** gpgv of GnuPG 2.2 reads binary rings only; publishers hand out armoured ones (RFC 9580, 6.2). */
function binaryKeyring(keyring: string, folder: string): string | null {
  if (statSync(keyring).size > KEYRING_BYTES_MAX) return null;
  const bytes = readFileSync(keyring);
  // The first octet of a public-key packet, in the old or the new form.
  if (bytes[0] === 0x98 || bytes[0] === 0x99 || bytes[0] === 0xc6) return path.resolve(keyring);
  const blocks = [...bytes.toString('latin1').matchAll(/-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\n]+\n)*\r?\n([\s\S]*?)-----END/g)];
  if (blocks.length === 0) return null;
  const body = (block: string) => Buffer.from(block.replace(/^=[A-Za-z0-9+/]{4}\s*$/m, ''), 'base64');
  const ring = path.join(folder, 'keyring.gpg');
  writeFileSync(ring, Buffer.concat(blocks.map(block => body(block[1]!))), { mode: 0o600 });
  return ring;
}
