/** What people and `PRETTY_NAME` write before the version, for the names that parseRelease knows. Longer ones first where one begins another. */
const TITLES: readonly (readonly [RegExp, string])[] = [
  [/^debian gnu\/linux\b/, 'debian'],
  [/^suse linux enterprise (?:server|desktop|high performance computing)(?: for sap applications)?\b/, 'sles'],
  [/^opensuse[ /-]leap\b/, 'opensuse-leap'],
  [/^leap\b/, 'opensuse-leap'],
  [/^opensuse[ /]tumbleweed\b.*/, 'opensuse-tumbleweed'],
  [/^red hat enterprise linux(?: server| workstation)?\b/, 'rhel'],
  [/^oracle linux server\b/, 'ol'],
  [/^centos(?: linux|[ -]stream)\b/, 'centos'],
  [/^fedora linux\b/, 'fedora'],
];

/**
 * `Debian GNU/Linux 12 (bookworm)`, `Ubuntu 24.04.1 LTS`, `SLES 15 SP5`, `debian/12`: the same in the form `id:version`, without a check. For what is
 * no release as it stands.
 */
export function plainSpelling(text: string): string {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/\s*\(.*\)$/, '')
    .replace(/\s+lts$/, '')
    .replace(/(\d)[\s-]*sp(\d+)$/, '$1.$2');
  const titled = TITLES.reduce((whole, [title, id]) => whole.replace(title, id), bare);
  return titled.replace(/^([a-z][a-z -]*?)[\s/@_]+v?(?=\d)/, '$1:').replace(/^([a-z-]+)[/@_](?=[a-z])/, '$1:');
}
