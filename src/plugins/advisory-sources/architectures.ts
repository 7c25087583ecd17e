import type { Claim } from '../../core/advisories/claim.ts';
import { parsePurl } from '../../core/versions/purl.ts';

/** A claim of which the document says for which architecture it is; claims do not keep that. */
export interface OfArchitecture {
  readonly claim: Claim;
  /** '' for all of them. */
  readonly architecture: string;
  /** Only who pays for it gets the build; claims keep it of fixes alone. */
  readonly subscription?: string | null;
}

/** What a claim is about, whatever it says of it. */
export function subjectOf({ vulnerabilityId, release, packageKind, packageName, module, onlyVersions }: Claim): string {
  return [vulnerabilityId, release, packageKind, packageName, module, onlyVersions?.join()].join('\n');
}

/**
 * A host of any architecture reads every claim. So a package is called safe only where the document calls it nothing worse for another architecture: what is
 * said of one of them alone would hide what is found on the hosts of the others.
 */
export function safeForAll<Statement extends OfArchitecture>(statements: readonly Statement[]): Statement[] {
  const worse = new Map<string, Set<string>>();
  const keyOf = ({ claim, subscription }: OfArchitecture) => `${subjectOf(claim)}\n${subscription ?? ''}`;
  if (!statements.some(isSafe)) return [...statements];
  for (const one of statements) if (!isSafe(one)) worse.getOrInsertComputed(keyOf(one), () => new Set()).add(one.architecture);
  if (worse.size === 0) return [...statements];
  return statements.filter(one => {
    const others = isSafe(one) ? worse.get(keyOf(one)) : undefined;
    return others === undefined || (others.size === 1 && others.has(one.architecture));
  });
}

function isSafe({ claim }: OfArchitecture): boolean {
  return claim.state === 'not-affected';
}

/** '' where the URL names none. */
export function architectureOf(packageUrl: string): string {
  const parsed = parsePurl(packageUrl);
  return parsed.ok ? (parsed.purl.qualifiers.arch ?? '') : '';
}
