import type { StaleProcess } from '../core/inventory/snapshot.ts';

/**
 * systemd-logind keeps its sessions over a restart, but graphical and console sessions lose their devices (systemd issue 1163; needrestart and Debian's own
 * postinst leave it alone for that). Every Debian host has one that maps libcrypto, so on a machine where nobody sits it is restarted.
 */
const LOGIND = /^systemd-logind\.service$/;

/** Whether `loginctl list-sessions --no-legend` names a session with a seat (SESSION UID USER SEAT TTY; an SSH session has no seat). */
export function hasSeatedSession(listSessions: string): boolean {
  return listSessions.split('\n').some(line => /^\s*\S+\s+\d+\s+\S+\s+seat\S+/.test(line));
}

/**
 * Units that are not restarted in the middle of a job, each with its reason; the list follows needrestart's own exceptions. Their processes go on
 * with the replaced files, the host shows them as pending, and a reboot (or the owner) settles it.
 */
const LEFT_ALONE: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /^dbus(?:-broker)?\.service$/, reason: 'every service talks through it and would lose its connection' },
  { pattern: LOGIND, reason: 'somebody is signed in at a seat of this machine, and would lose the screen' },
  { pattern: /^user@\d+\.service$|^user-runtime-dir@/, reason: 'it is a user’s session' },
  { pattern: /^(?:gdm3?|lightdm|sddm|lxdm|xdm|slim|display-manager)\.service$/, reason: 'it would end the desktop of a signed-in user' },
  { pattern: /^(?:serial-|console-|container-)?getty(?:@|\.)/, reason: 'somebody may be signed in at it' },
  {
    pattern: /^(?:NetworkManager|systemd-networkd|networking|ifup@.*|wpa_supplicant|wicked.*|dhcpcd|connman)(?:@.*)?\.service$/,
    reason: 'the host could lose its network',
  },
  {
    pattern: /^(?:docker|containerd|podman|crio|libvirtd|virtqemud|lxc|lxd|incus|kubelet)(?:@.*)?\.service$/,
    reason: 'it carries containers or virtual machines of others',
  },
  {
    pattern: /^(?:openvpn|wg-quick|strongswan|ipsec|tailscaled|zerotier-one)(?:-.*)?(?:@.*)?\.service$/,
    reason: 'the way to this host may go through it',
  },
  { pattern: /^(?:iscsid|open-iscsi|multipathd|lvm2-.*|zfs-.*|nfs-.*|rpcbind)(?:@.*)?\.service$/, reason: 'file systems depend on it' },
  { pattern: /^fettle-agent\.service$/, reason: 'it is doing this; it restarts itself when the job is reported' },
  { pattern: /^fettle-/, reason: 'it is a step of this job' },
];

export const AGENT_UNIT = 'fettle-agent.service';

interface RestartPlan {
  /** systemd itself maps replaced files: `systemctl daemon-reexec`. */
  readonly reexecute: boolean;
  readonly restart: readonly string[];
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
}

/** What to restart so that no process runs files that this transaction replaced. Stale processes of earlier changes are not this job's business. */
export function restartPlan(
  stale: readonly StaleProcess[],
  replacedPackages: ReadonlySet<string>,
  /** Nobody is signed in at a seat; false when that is not known. */
  seatsAreFree: boolean,
): RestartPlan {
  const concerned = stale.filter(p => p.files.some(f => f.packageName !== null && replacedPackages.has(f.packageName)));
  const units = new Set(concerned.flatMap(p => (p.unit === null || p.unit === 'init.scope' ? [] : [p.unit])));
  const leftAlone: { name: string; reason: string }[] = [];
  const restart: string[] = [];
  for (const unit of [...units].sort()) {
    const why = LEFT_ALONE.find(row => row.pattern.test(unit) && !(seatsAreFree && row.pattern === LOGIND));
    if (why) leftAlone.push({ name: unit, reason: why.reason });
    else restart.push(unit);
  }
  const loose = new Set(concerned.filter(p => p.unit === null).map(p => p.command));
  for (const name of [...loose].sort()) leftAlone.push({ name, reason: 'no service runs it' });
  return { reexecute: concerned.some(p => p.unit === 'init.scope'), restart, leftAlone };
}
