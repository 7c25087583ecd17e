import { cpeOrders, faultOf, severalOrders } from './cpe-order.ts';
import { compareInRange, parseRpm, rpm } from './rpm.ts';
import { compareVersions, type InvalidVersion, isInvalid, type Ordering, type VersionScheme } from './scheme.ts';

/**
 * Is a version in a range of affected ones? `unknown` is an answer of its own: a version that its scheme cannot read is never called safe.
 * `because` is the comparison in words, for the evidence.
 */
export interface RangeVerdict {
  readonly inside: 'yes' | 'no' | 'unknown';
  readonly because: string;
  /** `low` where the range itself leaves the order of versions open (CPE). */
  readonly confidence: 'exact' | 'low';
}

export function verdict(inside: boolean, because: string, confidence: RangeVerdict['confidence'] = 'exact'): RangeVerdict {
  return { inside: inside ? 'yes' : 'no', because, confidence };
}

export function unknown(because: string): RangeVerdict {
  return { inside: 'unknown', because, confidence: 'exact' };
}

/** As `compareVersions`, but with what an rpm version leaves unsaid taken from the other side; `note` says so. */
export function compareForMatching(
  scheme: VersionScheme,
  a: string,
  b: string,
): { readonly ordering: Ordering; readonly note: string } | InvalidVersion {
  const plain = compareVersions(scheme, a, b);
  if (isInvalid(plain)) return plain;
  if (scheme !== rpm) return { ordering: plain, note: '' };
  const { ordering, assumed } = compareInRange(parseRpm(a), parseRpm(b));
  return { ordering, note: assumed === null ? '' : `, ${assumed} not stated on one side` };
}

/** The version attributes of a CPE match in NVD's data; all absent means every version. */
export interface CpeRange {
  readonly versionStartIncluding?: string;
  readonly versionStartExcluding?: string;
  readonly versionEndIncluding?: string;
  readonly versionEndExcluding?: string;
}

/**
 * CPE says nothing of how versions order (CPE 2.3 leaves it to the vendor); `compareCpeVersions` orders what all vendors mean alike, and the rest is unknown.
 * One bound that the version certainly fails is the answer, whatever the other says. Use only where no better source speaks of the package; the verdict says `low`.
 */
export function inCpeRange(installed: string, range: CpeRange): RangeVerdict {
  const bounds: readonly [string | undefined, string, (order: Ordering) => boolean][] = [
    [range.versionStartIncluding, '>=', order => order >= 0],
    [range.versionStartExcluding, '>', order => order > 0],
    [range.versionEndIncluding, '<=', order => order <= 0],
    [range.versionEndExcluding, '<', order => order < 0],
  ];
  const stated = bounds.filter(([bound]) => bound !== undefined);
  if (stated.length === 0) return verdict(true, 'the CPE names every version', 'low');
  let doubt: string | null = null;
  for (const [bound, sign, holds] of stated) {
    const answers = cpeOrders(installed, bound!).map(holds);
    if (answers.length === 0) doubt ??= faultOf(installed) || faultOf(bound!);
    else if (!answers.includes(true)) return verdict(false, `${installed} is not ${sign} ${bound}`, 'low');
    else if (answers.includes(false)) doubt ??= severalOrders(installed, bound!);
  }
  if (doubt !== null) return { ...unknown(doubt), confidence: 'low' };
  return verdict(true, `${installed} ${stated.map(([bound, sign]) => `${sign} ${bound}`).join(' and ')}`, 'low');
}
