import { claimsFromChangelog, claimsOfRebuild } from '../plugins/advisory-sources/changelog/index.ts';
import type { ReadChangelog } from './collect.ts';

/** One row for each fixing version. The release is the host's own and known to the server, so none is asked for here. */
export const readChangelog: ReadChangelog = (log, today) => {
  const { installedVersion, candidateVersion } = log;
  const claims =
    candidateVersion === null
      ? claimsOfRebuild(log.text, { release: '', installedVersion, today })
      : claimsFromChangelog(log.text, { release: '', installedVersion, candidateVersion, today });
  const byVersion = Map.groupBy(claims, claim => `${claim.fixedVersion}\t${claim.statedOn ?? ''}`);
  return [...byVersion.values()].map(group => ({
    sourceName: log.sourceName,
    version: group[0]!.fixedVersion!,
    vulnerabilities: group.map(claim => claim.vulnerabilityId).sort(),
    entryDate: group[0]!.statedOn,
  }));
};
