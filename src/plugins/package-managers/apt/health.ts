import type { PackageManagerFact } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText } from '../../../core/kernel/commands.ts';
import { DPKG_LIST_ARGV, parseDpkgList } from './dpkg-list.ts';
import { brokenPackages } from './transaction.ts';

/** Settings that take away a defence of apt's signatures (security.md 1.3, row 28), as `apt-config dump` prints them. */
const WEAK_SETTINGS: readonly { readonly pattern: RegExp; readonly says: string }[] = [
  { pattern: /^Acquire::Check-Valid-Until "(?:false|no|0)";/im, says: 'Acquire::Check-Valid-Until is off: a mirror can serve old indexes' },
  {
    pattern: /^APT::Get::AllowUnauthenticated "(?:true|yes|1)";/im,
    says: 'APT::Get::AllowUnauthenticated is on: unsigned packages are installed',
  },
  {
    pattern: /^Acquire::AllowInsecureRepositories "(?:true|yes|1)";/im,
    says: 'Acquire::AllowInsecureRepositories is on: unsigned indexes are used',
  },
  {
    pattern: /^Acquire::AllowDowngradeToInsecureRepositories "(?:true|yes|1)";/im,
    says: 'Acquire::AllowDowngradeToInsecureRepositories is on: an archive can lose its signature',
  },
  {
    pattern: /^Acquire::AllowWeakRepositories "(?:true|yes|1)";/im,
    says: 'Acquire::AllowWeakRepositories is on: broken hash functions are accepted',
  },
];

/**
 * States and not the text of `dpkg --audit` decide, because the audit also names packages without checksums, which is no fault. Files in
 * /var/lib/dpkg/updates are the journal of an interrupted dpkg: apt refuses everything until it is played back.
 */
export function* health(): Dialogue<PackageManagerFact> {
  const list = yield command(DPKG_LIST_ARGV, { outputBytesMax: 16_000_000 });
  if (list.code !== 0) return { id: 'apt', healthy: false, problems: [`dpkg-query: ${failureText(list)}`] };
  const broken = brokenPackages(parseDpkgList(list.stdout)).map(
    p => `${p.name} ${p.version} is ${p.state}${p.reinstallRequired ? ' and must be installed again' : ''}`,
  );
  const journal = yield command(['find', '/var/lib/dpkg/updates', '-type', 'f', '-name', '[0-9]*']);
  const interrupted = journal.code === 0 && journal.stdout.trim() !== '' ? ['dpkg was interrupted'] : [];
  const settings = yield command(['apt-config', 'dump']);
  const weak = WEAK_SETTINGS.filter(setting => setting.pattern.test(settings.stdout)).map(setting => setting.says);
  return { id: 'apt', healthy: broken.length + interrupted.length === 0, problems: [...broken, ...interrupted, ...weak] };
}
