import { type ExceptionScope, keyOf } from './scope.ts';

interface Leave {
  /** `VULNERABILITY SOURCE`; of an excuse only. */
  readonly keys: ReadonlySet<string>;
  /** Source package of the patch; of a hold only. */
  readonly held: string | null;
}

/** What several exceptions cover together. A hold and an excuse answer different questions (overlapOf): neither stands in for the other. */
export class LeaveByHost {
  readonly #byHost = new Map<string, Leave[]>();

  constructor(scopes: readonly ExceptionScope[]) {
    for (const { hostIds, findings, patch } of scopes) {
      const keys = patch === null ? findings.map(one => keyOf(one.vulnerabilityId, one.sourceName)) : [];
      const leave: Leave = { keys: new Set(keys), held: patch?.sourceName ?? null };
      for (const hostId of hostIds) this.#byHost.getOrInsertComputed(hostId, () => []).push(leave);
    }
  }

  readonly isExcused = (hostId: string, key: string): boolean => this.#byHost.get(hostId)?.some(one => one.keys.has(key)) ?? false;

  /** The scope without hosts of which all of it is covered. A newer version of a held patch is the same question, as it is for a hold itself. */
  without(scope: ExceptionScope): ExceptionScope {
    const { patch } = scope;
    const keys = scope.findings.map(one => keyOf(one.vulnerabilityId, one.sourceName));
    const isCovered = (hostId: string): boolean => {
      const leaves = this.#byHost.get(hostId);
      if (leaves === undefined) return false;
      return patch === null ? keys.every(key => this.isExcused(hostId, key)) : leaves.some(one => one.held === patch.sourceName);
    };
    return { ...scope, hostIds: scope.hostIds.filter(hostId => !isCovered(hostId)) };
  }
}
