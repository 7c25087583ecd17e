/** A version of one package and where it can be had, from `apt-cache policy NAME...`. */
interface PolicyVersion {
  readonly version: string;
  /** `SITE RELEASE/COMPONENT`, or `SITE ./` of a flat one, of each archive that has it; the host's own status file is not one. */
  readonly sources: readonly string[];
}

export interface Policy {
  /** `NAME` or `NAME:ARCH`, as apt prints it. */
  readonly name: string;
  readonly installed: string | null;
  readonly candidate: string | null;
  readonly versions: readonly PolicyVersion[];
}

const NONE = '(none)';

export function parsePolicies(text: string): Policy[] {
  const policies: Policy[] = [];
  let current: {
    name: string;
    installed: string | null;
    candidate: string | null;
    versions: { version: string; sources: string[] }[];
  } | null = null;
  for (const line of text.split('\n')) {
    const head = /^(\S+):$/.exec(line);
    if (head) policies.push((current = { name: head[1]!, installed: null, candidate: null, versions: [] }));
    if (!current) continue;
    const fact = /^ {2}(Installed|Candidate): (.*)$/.exec(line);
    if (fact && fact[2] !== NONE) current[fact[1] === 'Installed' ? 'installed' : 'candidate'] = fact[2]!;
    const version = /^ (?:\*\*\*| {3}) (\S+) -?\d+/.exec(line);
    if (version) current.versions.push({ version: version[1]!, sources: [] });
    // An archive without suites (`deb URL ./`) is of no architecture.
    const source = /^ {7,8}-?\d+ (\S+) (\S+)(?: \S+)? Packages$/.exec(line);
    if (source) current.versions.at(-1)?.sources.push(`${source[1]} ${source[2]}`);
  }
  return policies;
}
