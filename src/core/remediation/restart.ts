export type RestartNeed = 'none' | 'services' | 'reboot';

export interface Restart {
  readonly need: RestartNeed;
  readonly reason: string;
}

interface RestartRule {
  readonly matches: (binary: string) => boolean;
  readonly need: RestartNeed;
  /** `{}` stands for the binaries that match. */
  readonly reason: string;
}

/**
 * What has to be restarted before a patch is in effect, by the binaries that it moves; the first rule that matches any of them decides. It is a
 * prediction for the plan: afterwards the host's own processes say what still runs the old code.
 */
const RULES: readonly RestartRule[] = [
  { matches: name => /^linux-image-/.test(name), need: 'reboot', reason: '{}: a kernel takes effect at the next boot' },
  { matches: name => /^(intel|amd64)-microcode$/.test(name), need: 'reboot', reason: '{}: microcode is loaded at boot' },
  {
    matches: name => /^libc6$/.test(name),
    need: 'reboot',
    reason: '{}: every process maps it, the first one too; only a reboot replaces it everywhere',
  },
  {
    matches: name => /^(dbus|dbus-broker|dbus-daemon)$/.test(name),
    need: 'reboot',
    reason: '{}: the bus cannot be restarted without ending the sessions and services on it',
  },
  {
    matches: name => /^(systemd|systemd-sysv|init)$/.test(name),
    need: 'services',
    reason: '{}: the manager re-executes itself when it is upgraded; its helpers are restarted',
  },
  {
    matches: name => /^lib(ssl|crypto|gnutls|nss)[\d.]/.test(name),
    need: 'services',
    reason: '{}: services that use TLS keep the old library mapped until they are restarted',
  },
  {
    matches: name => /^lib.*\d/.test(name) && !/-(dev|doc|bin|utils|tools|data|perl|java)$/.test(name),
    need: 'services',
    reason: '{}: services keep the old library mapped until they are restarted',
  },
];

/** `ownUnits`: units of the host that are named like a binary of the patch; their maintainer scripts restart them. */
export function restartOf(binaries: readonly string[], ownUnits: readonly string[]): Restart {
  for (const rule of RULES) {
    const matching = binaries.filter(rule.matches);
    if (matching.length > 0) return { need: rule.need, reason: rule.reason.replace('{}', named(matching)) };
  }
  if (ownUnits.length > 0) return { need: 'services', reason: `the upgrade restarts ${named(ownUnits)}` };
  return { need: 'none', reason: 'neither a service nor a library: in effect the next time it is started' };
}

/** Units that belong to a package by name. Most daemons are called like their package; the rest of the common ones are listed. */
const UNITS: Readonly<Record<string, readonly string[]>> = {
  'openssh-server': ['ssh.service', 'sshd.service'],
  bind9: ['named.service'],
  'redis-server': ['redis-server.service', 'redis.service'],
  'mariadb-server': ['mariadb.service'],
  'isc-dhcp-server': ['isc-dhcp-server.service'],
  'nginx-core': ['nginx.service'],
  'nginx-light': ['nginx.service'],
  'nginx-full': ['nginx.service'],
  'nginx-extras': ['nginx.service'],
  'dovecot-core': ['dovecot.service'],
  'squid-openssl': ['squid.service'],
  'samba-common-bin': ['smbd.service', 'nmbd.service'],
};

export function unitsOf(binaries: readonly string[], units: readonly string[]): string[] {
  const wanted = new Set(binaries.flatMap(name => [`${name}.service`, ...(UNITS[name] ?? [])]));
  // postgresql-15 -> postgresql@15-main.service, php8.2-fpm -> php8.2-fpm.service
  const clusters = binaries.flatMap(name => /^postgresql-(\d+)$/.exec(name)?.[1] ?? []);
  return units.filter(unit => wanted.has(unit) || clusters.some(version => unit.startsWith(`postgresql@${version}-`))).sort();
}

const DAEMONS =
  /^(nginx|apache2|redis-server|postgresql(-\d+)?|mariadb-server|haproxy|squid|memcached|cron|rsyslog|openssh-server|dovecot-core|postfix|exim4|bind9|unbound|php[\d.]+-fpm|docker\.io|containerd|cups|samba|strongswan|fail2ban|chrony)$/;

/** Units that well-known daemons among these packages bring, for patches whose hosts were not asked for their services. */
export function daemonUnits(binaries: readonly string[]): string[] {
  return binaries.filter(name => DAEMONS.test(name)).map(name => UNITS[name]?.[0] ?? `${name}.service`);
}

function named(list: readonly string[]): string {
  const distinct = [...new Set(list)].sort();
  return distinct.length <= 3 ? distinct.join(', ') : `${distinct.slice(0, 3).join(', ')} and ${distinct.length - 3} more`;
}
