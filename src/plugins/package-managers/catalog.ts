import type { Dialogue } from '../../core/kernel/commands.ts';
import { apt, nativeArchitecture } from './apt/apt.ts';
import type { PackageManager } from './spec.ts';

/** A member asks the host for what it must know to work there; null: the host is not one of its. */
interface PackageManagerMember {
  readonly id: string;
  detect(): Dialogue<PackageManager | null>;
}

export const PACKAGE_MANAGERS: readonly PackageManagerMember[] = [
  {
    id: 'apt',
    *detect() {
      const native = yield* nativeArchitecture();
      return native === null ? null : apt(native);
    },
  },
];

/** The first member that knows the host. */
export function* detectPackageManager(): Dialogue<PackageManager | null> {
  for (const member of PACKAGE_MANAGERS) {
    const manager = yield* member.detect();
    if (manager !== null) return manager;
  }
  return null;
}
