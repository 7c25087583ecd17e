import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FeedIntegrity } from '../../core/advisories/feed-integrity.ts';
import { besideOf, CHECKSUMS, SIGNATURES } from './beside.ts';
import { compareChecksum, refused } from './integrity.ts';
import { keyringOf, verifySignature } from './openpgp.ts';
import { withScratchFolder } from './scratch.ts';

/**
 * Checks a file that somebody handed over by what lies beside it, as a fetched one is by what its publisher puts beside it. One that does not fit is
 * refused; with a key put down for the feed the signature is demanded here too. Throws `feed-not-vouched`.
 */
export async function checkLocalFile(file: string, feedId: string, dataDir: string, loadedBy: string): Promise<FeedIntegrity> {
  const notes = await checkLocalChecksums(file);
  let level: FeedIntegrity['level'] = notes.length > 0 ? 'checksum' : 'none';
  const { note, signedBy } = await checkSignature(file, feedId, dataDir);
  if (note !== null) notes.push(note);
  if (signedBy !== null) level = 'signature';
  notes.push(`a file that ${loadedBy} handed over${level === 'none' ? '; nobody else vouches for it' : ''}`);
  return { level, note: notes.join('; '), signedBy };
}

/** What was compared, in words; a scan has no keys of publishers and stops here. Throws `feed-not-vouched`. */
export async function checkLocalChecksums(file: string): Promise<string[]> {
  const notes: string[] = [];
  for (const suffix of CHECKSUMS) {
    const beside = besideOf(file, suffix);
    if (beside === null) continue;
    const algorithm = await compareChecksum(path.basename(file), file, suffix, readFileSync(beside, 'utf8'));
    notes.push(`${algorithm} in ${path.basename(beside)} matches`);
  }
  return notes;
}

async function checkSignature(
  file: string,
  feedId: string,
  dataDir: string,
): Promise<{ readonly note: string | null; readonly signedBy: string | null }> {
  const signature = SIGNATURES.map(suffix => besideOf(file, suffix)).find(found => found !== null) ?? null;
  const keyring = keyringOf(dataDir, feedId);
  if (keyring === null)
    return { note: signature === null ? null : 'signature not verified: no key of the publisher is put down', signedBy: null };
  if (signature === null)
    throw refused(path.basename(file), `a key is put down for ${feedId} and there is no signature (.asc, .sig) beside the file`);
  const verdict = await withScratchFolder(dataDir, folder => verifySignature(keyring, signature, path.resolve(file), folder));
  if (verdict.kind === 'bad') throw refused(path.basename(file), verdict.reason);
  if (verdict.kind === 'no-program') return { note: 'signature not verified: gpgv is not installed', signedBy: null };
  return { note: `signature by ${verdict.fingerprint} is good`, signedBy: verdict.fingerprint };
}
