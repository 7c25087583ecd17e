/**
 * A host as group queries see it. HostSummary of the API has this shape; `packageVersions` is present where packages can be asked for.
 */
export interface GroupHost {
  readonly id: string;
  readonly name: string;
  readonly address: string | null;
  readonly reach: string;
  readonly platform: string;
  readonly osName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly criticality: string;
  readonly exposure: string;
  readonly state: string;
  readonly packages: number;
  readonly pendingPatches: number;
  readonly securityPatches: number;
  readonly openFindings: number;
  readonly knownExploited: number;
  readonly overdue: number;
  readonly heldPackages: number;
  readonly restartPending: boolean;
  readonly rebootPending: boolean;
  /** Versions of a binary package on the host, [] when it is absent. */
  readonly packageVersions?: (name: string) => readonly string[];
}

export type GroupField =
  | {
      readonly kind: 'text';
      readonly of: (host: GroupHost) => string;
      readonly values?: readonly string[] /** Compares without the version when the value has none. */;
      readonly platform?: true;
    }
  | { readonly kind: 'flag'; readonly of: (host: GroupHost) => boolean }
  | { readonly kind: 'count'; readonly of: (host: GroupHost) => number };

/** The one table of fields; docs and completion are made from it. `reboot = true` and `kev > 0` read as they are written. */
export const GROUP_FIELDS: Readonly<Record<string, GroupField>> = {
  id: { kind: 'text', of: host => host.id },
  name: { kind: 'text', of: host => host.name },
  address: { kind: 'text', of: host => host.address ?? '' },
  os: { kind: 'text', of: host => host.platform, platform: true },
  osname: { kind: 'text', of: host => host.osName },
  reach: { kind: 'text', of: host => host.reach, values: ['local', 'agent', 'ssh', 'upload'] },
  state: { kind: 'text', of: host => host.state, values: ['waiting-for-inventory', 'current', 'stale', 'unreachable'] },
  criticality: { kind: 'text', of: host => host.criticality, values: ['vital', 'high', 'normal', 'low', 'unset'] },
  exposure: { kind: 'text', of: host => host.exposure, values: ['public', 'controlled', 'local', 'unknown'] },
  reboot: { kind: 'flag', of: host => host.rebootPending },
  restart: { kind: 'flag', of: host => host.restartPending },
  kev: { kind: 'count', of: host => host.knownExploited },
  findings: { kind: 'count', of: host => host.openFindings },
  overdue: { kind: 'count', of: host => host.overdue },
  pending: { kind: 'count', of: host => host.pendingPatches },
  security: { kind: 'count', of: host => host.securityPatches },
  held: { kind: 'count', of: host => host.heldPackages },
  packages: { kind: 'count', of: host => host.packages },
};

/** Other words for the same fields. */
export const GROUP_FIELD_ALIASES: Readonly<Record<string, string>> = {
  platform: 'os',
  host: 'name',
  ip: 'address',
  'os-name': 'osname',
  'known-exploited': 'kev',
};
