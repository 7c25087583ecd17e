import { setTimeout as wait } from 'node:timers/promises';
import { HOST_ENVIRONMENT, type Transport } from '../../plugins/transports/spec.ts';
import { HOST_JOBS_DIR, type HostUnit, startUnit, unitOutput, unitState } from '../host-unit.ts';
import type { CopiedMount } from './mounts.ts';

/**
 * A throw-away copy of the host: overlays of its file systems over a layer in memory (or in an unlinked file), in namespaces of its own. All of it hangs
 * on one process: whatever ends that process (its end, its time limit, SIGKILL, a reboot) takes namespaces, mounts, memory and every program inside along,
 * so there is nothing to clean up afterwards. Programs are sent into it by `nsenter`.
 *
 * Inside there is no real /run (no D-Bus, no systemd), no device but the harmless ones, no network, no /proc/sys to write to, and no capability
 * that reaches past the namespaces. Not a jail for an attacker: the same scripts run as root on the real host minutes later.
 */
export interface Sandbox {
  /** The argv that runs `argv` inside. */
  inside(argv: readonly string[]): string[];
  close(): Promise<void>;
}

export interface SandboxSpec {
  readonly mounts: readonly CopiedMount[];
  readonly limitBytes: number;
  /** Where the writable layer lies. `file`: an unlinked file with a file system of its own, because memory is short. */
  readonly layer: 'memory' | 'file';
  readonly seconds: number;
}

type Opened = { readonly ok: true; readonly sandbox: Sandbox } | { readonly ok: false; readonly problem: string };

/** One on a host at a time: systemd refuses the name a second time. */
const HOLDER: HostUnit = { name: 'fettle-rehearsal', log: `${HOST_JOBS_DIR}/fettle-rehearsal.log` };
const LAYER_FILE = `${HOST_JOBS_DIR}/fettle-rehearsal.layer`;
export const WITHHELD_FILE = '/run/fettle/withheld';
const SHADOWS = '/run/fettle/bin';
const OPEN_SECONDS = 30;
const CALL = { timeoutMs: 30_000, maxOutputBytes: 64_000, asRoot: true } as const;

/**
 * Constant text; sizes and paths come as arguments: LIMIT LAYER-FILE (`HOW PATH`)... It is the first process of its pid namespace. `read` is done by the
 * shell itself, so /proc/self of the host's proc names this process by its number on the host: what nsenter needs.
 */
const SET_UP = `set -eu
limit=$1 file=$2; shift 2
read -r pid rest </proc/self/stat
say() { echo "FETTLE-STEP $*"; }
say layer
if [ -n "$file" ]; then
  rm -f "$file"; truncate -s "$limit" "$file"; mkfs.ext4 -q -F -O ^has_journal "$file"; mount -o loop "$file" /mnt; rm -f "$file"
else mount -t tmpfs -o "size=$limit,mode=0700" fettle-rehearsal /mnt; fi
mkdir /mnt/root
r=/mnt/root n=0
while [ $# -gt 0 ]; do
  how=$1 path=$2; shift 2
  [ -d "$path" ] || continue
  n=$((n+1)); say "$how $path"
  if [ "$how" = overlay ]; then
    mkdir "/mnt/u$n" "/mnt/w$n"
    mount -t overlay -o "lowerdir=$path,upperdir=/mnt/u$n,workdir=/mnt/w$n" fettle-rehearsal "$r$path"
  else mkdir "/mnt/u$n"; cp -a "$path/." "/mnt/u$n/"; mount --bind "/mnt/u$n" "$r$path"; fi
done
say kernel
mount -t proc proc "$r/proc"
for p in sys sysrq-trigger irq bus; do
  [ -e "$r/proc/$p" ] || continue
  mount --bind "$r/proc/$p" "$r/proc/$p"; mount -o remount,bind,ro "$r/proc/$p"
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$r/sys"
say devices
mount -t tmpfs -o mode=0755,size=4m,nosuid fettle-rehearsal "$r/dev"
for d in null zero full random urandom tty; do [ -e "/dev/$d" ] || continue; : >"$r/dev/$d"; mount --bind "/dev/$d" "$r/dev/$d"; done
mkdir "$r/dev/pts" "$r/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$r/dev/pts"
ln -s pts/ptmx "$r/dev/ptmx"; ln -s /proc/self/fd "$r/dev/fd"; ln -s /proc/self/fd/0 "$r/dev/stdin"; ln -s /proc/self/fd/1 "$r/dev/stdout"; ln -s /proc/self/fd/2 "$r/dev/stderr"
say services
mkdir /mnt/run /mnt/tmp; chmod 0755 /mnt/run; chmod 1777 /mnt/tmp
mount --bind /mnt/run "$r/run"; mount --bind /mnt/tmp "$r/tmp"
mkdir -p "$r/run/lock" "$r/run/sshd" "$r${SHADOWS}"; chmod 1777 "$r/run/lock"
: >"$r${WITHHELD_FILE}"
printf '%s\\n' '#!/bin/sh' 'echo "$2 $1" >>${WITHHELD_FILE}' 'exit 101' >"$r/usr/sbin/policy-rc.d"
printf '%s\\n' '#!/bin/sh' 'verb=; for a; do case $a in -*) ;; *) verb=$a; break ;; esac; done' 'case $verb in' 'start|stop|restart|try-restart|reload|reload-or-restart|reload-or-try-restart|try-reload-or-restart|force-reload|kill|isolate|reboot|poweroff|halt|kexec|suspend|hibernate|daemon-reexec) echo "$*" >>${WITHHELD_FILE}; exit 0 ;;' 'daemon-reload|reset-failed) exit 0 ;;' 'is-active|status) exit 3 ;;' 'is-failed) exit 1 ;;' 'esac' 'PATH=\${PATH#${SHADOWS}:}; exec systemctl "$@"' >"$r${SHADOWS}/systemctl"
for p in update-grub update-grub2 grub-install grub-mkconfig grub-probe bootctl kernel-install update-secureboot-policy telinit init shutdown reboot; do
  printf '%s\\n' '#!/bin/sh' "echo \\"$p \\$*\\" >>${WITHHELD_FILE}" >"$r${SHADOWS}/$p"
done
chmod 0755 "$r/usr/sbin/policy-rc.d" "$r${SHADOWS}"/*
say root
mkdir -p "$r/mnt"
cd "$r"; pivot_root . mnt; umount -l /mnt
echo "FETTLE-READY $pid"
exec chroot . /bin/sh -c 'while :; do sleep 3600 & wait $!; done' </dev/null >/dev/null 2>&1
`;

/** Capabilities that reach past the namespaces, known by name to util-linux 2.33 and later. */
const DROPPED = [
  'sys_admin',
  'sys_module',
  'sys_rawio',
  'sys_time',
  'sys_boot',
  'mknod',
  'syslog',
  'mac_admin',
  'mac_override',
  'audit_control',
];

/** Opens it, or says in words why this host cannot have one. What an earlier process left standing is taken down first. */
export async function openSandbox(transport: Transport, systemd: boolean, spec: SandboxSpec): Promise<Opened> {
  await closeLeftover(transport, systemd);
  const inner = ['--mount', '--pid', '--fork', '--kill-child', '--net', '--uts', '--ipc', '--', 'sh', '-c', SET_UP, 'fettle-rehearsal'];
  const argv = [
    'timeout',
    '--foreground',
    '-s',
    'KILL',
    String(spec.seconds),
    'unshare',
    ...inner,
    String(spec.limitBytes),
    spec.layer === 'file' ? LAYER_FILE : '',
  ];
  for (const mount of spec.mounts) argv.push(mount.how, mount.path);
  const started = await startUnit(transport, HOLDER, { step: 'rehearsal', title: 'a copy of the host', argv }, systemd, [
    'KillMode=control-group',
    // The first process of a pid namespace heeds no other signal.
    'KillSignal=SIGKILL',
    `RuntimeMaxSec=${spec.seconds}`,
    'Nice=10',
    'CPUWeight=20',
    'IOWeight=20',
  ]);
  if (started !== 'started')
    return { ok: false, problem: typeof started === 'object' ? started.problem : 'another rehearsal is under way' };
  const pid = await readyPid(transport, systemd);
  if (typeof pid !== 'number') {
    await closeLeftover(transport, systemd);
    return { ok: false, problem: inWords(pid.said, spec) };
  }
  return { ok: true, sandbox: { inside: argv => insideArgv(pid, argv), close: () => closeLeftover(transport, systemd) } };
}

function insideArgv(pid: number, argv: readonly string[]): string[] {
  const environment = { ...HOST_ENVIRONMENT, PATH: `${SHADOWS}:${HOST_ENVIRONMENT.PATH}`, SYSTEMD_OFFLINE: '1' };
  return [
    ...['nsenter', '--target', String(pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd', '--'],
    ...['setpriv', `--bounding-set=${DROPPED.map(name => `-${name}`).join(',')}`, '--'],
    ...['env', '-i', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
    ...argv,
  ];
}

async function readyPid(transport: Transport, systemd: boolean): Promise<number | { readonly said: string }> {
  const until = Date.now() + OPEN_SECONDS * 1000;
  for (;;) {
    const state = await unitState(transport, HOLDER, systemd);
    const said = await unitOutput(transport, HOLDER);
    const ready = /^FETTLE-READY (\d+)$/m.exec(said);
    if (ready) return Number(ready[1]);
    if (state.state === 'ended') return { said };
    if (Date.now() >= until) return { said: `${said}\nit was not ready within ${OPEN_SECONDS} seconds` };
    await wait(100);
  }
}

/** Tells the kernel's refusals apart; the step that was begun last says what was being tried. */
function inWords(said: string, spec: SandboxSpec): string {
  const step = [...said.matchAll(/^FETTLE-STEP (.*)$/gm)].at(-1)?.[1] ?? 'namespaces';
  const line =
    said
      .split('\n')
      .filter(text => text.trim() !== '' && !text.startsWith('FETTLE-'))
      .at(-1)
      ?.trim() ?? 'no reason given';
  if (/unshare.*not permitted|unshare.*No space|must be superuser|permission denied|not permitted/i.test(line))
    return `this host may not make namespaces and mounts of its own (a container without CAP_SYS_ADMIN?): ${line}`;
  if (/unknown filesystem type '?overlay|No such device/.test(line)) return `the kernel of this host has no overlay file system: ${line}`;
  if (step.startsWith('overlay ')) {
    const mount = spec.mounts.find(one => `overlay ${one.path}` === step);
    return `the file system of ${mount?.path ?? '/'} (${mount?.type ?? 'unknown'}) cannot lie below an overlay: ${line}`;
  }
  return `the copy of the host could not be made (${step}): ${line}`;
}

/** Ends whatever is there by that name. Also called when an agent starts: one that was killed may have left a rehearsal open. */
export async function closeLeftover(transport: Transport, systemd: boolean): Promise<void> {
  if (systemd) {
    // The pattern takes in the steps that ran inside; their units are named after the rehearsal.
    await transport.run(['systemctl', 'stop', '--no-ask-password', '--', 'fettle-rehearsal*.service'], CALL);
    await transport.run(['systemctl', 'reset-failed', '--', 'fettle-rehearsal*.service'], CALL);
  } else await transport.run(['sh', '-c', END_DETACHED, HOLDER.log], CALL);
  await transport.run(['find', HOST_JOBS_DIR, '-maxdepth', '1', '-name', 'fettle-rehearsal*', '-delete'], CALL);
}

/** Without systemd: the whole session that setsid made, if it is still ours. */
const END_DETACHED =
  'p=$(cat "$0.pid" 2>/dev/null) || exit 0; grep -qaF -- "$0" "/proc/$p/cmdline" 2>/dev/null || exit 0; kill -s KILL -- "-$p"';
