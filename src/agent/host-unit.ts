import type { ChangeCommand } from '../plugins/package-managers/spec.ts';
import { HOST_ENVIRONMENT, type Transport } from '../plugins/transports/spec.ts';

/**
 * A changing program runs in a unit of its own: it outlives the agent, the SSH session and an upgrade of the agent itself, and its name is the
 * guard against a second start, because systemd refuses a name that exists. Its output goes to a file that whoever watches may read again.
 * A host without systemd gets the same by setsid and three small files.
 */
export interface UnitState {
  readonly state: 'running' | 'ended' | 'absent';
  readonly pid: number;
  /** Exit code, null while it runs and when a signal ended it. */
  readonly code: number | null;
  readonly killed: boolean;
}

export const HOST_STATE_DIR = '/var/lib/fettle-agent';
export const HOST_JOBS_DIR = `${HOST_STATE_DIR}/jobs`;
/** Output beyond this is cut off on the host while it is being watched: a maintainer script can print for ever. */
const LOG_BYTES_MAX = 16_000_000;
const CALL = { timeoutMs: 30_000, maxOutputBytes: 1_000_000, asRoot: true } as const;

export interface HostUnit {
  readonly name: string;
  readonly log: string;
}

/** `fettle-job-JOB-ATTEMPT-STEP`: ids are hexadecimal with a prefix, so the name is a valid unit name and a valid file name. */
export function hostUnit(jobId: string, attempt: number, step: string): HostUnit {
  const name = `fettle-${jobId.replace(/[^A-Za-z0-9_-]/g, '_')}-${attempt}-${step}`;
  return { name, log: `${HOST_JOBS_DIR}/${name}.log` };
}

export async function hasSystemd(transport: Transport): Promise<boolean> {
  return (await transport.run(['test', '-d', '/run/systemd/system'], { ...CALL, asRoot: false })).code === 0;
}

/** Output of earlier jobs is kept for a month; the server has its own copy. */
const LOG_DAYS = 30;

export async function makeJobsFolder(transport: Transport): Promise<boolean> {
  const made = await transport.run(['install', '-d', '-m', '0700', HOST_STATE_DIR, HOST_JOBS_DIR], CALL);
  await transport.run(['find', HOST_JOBS_DIR, '-maxdepth', '1', '-type', 'f', '-mtime', `+${LOG_DAYS}`, '-delete'], CALL);
  return made.code === 0;
}

/** Constant text; the log and the program come as arguments. `set -C` makes the first line the guard against a second start. */
const DETACHED =
  'set -C; : >"$0.started" || exit 75; set +C; exec >>"$0" 2>&1 </dev/null; echo $$ >"$0.pid"; "$@"; echo $? >"$0.rc.new"; mv "$0.rc.new" "$0.rc"';

/** Starts it, or says that it has been started before. Throws when the connection fails; whether it was started is then seen by `unitState`. */
export async function startUnit(
  transport: Transport,
  unit: HostUnit,
  change: ChangeCommand,
  systemd: boolean,
  properties: readonly string[] = OUTLIVES,
): Promise<'started' | 'exists' | { readonly problem: string }> {
  const result = await transport.run(
    systemd ? systemdArgv(unit, change, properties) : ['setsid', '--fork', 'sh', '-c', DETACHED, unit.log, ...change.argv],
    CALL,
  );
  if (result.code === 0) return 'started';
  if (/already (?:loaded|exists)|already exists|was already/i.test(result.stderr)) return 'exists';
  return { problem: result.stderr.trim() || `code ${result.code}` };
}

const OUTLIVES: readonly string[] = [
  // Daemons that a maintainer script starts by hand must not die with the unit.
  'KillMode=process',
  // The last to be ended when memory runs out: half a transaction is worse than a lost cache.
  'OOMScoreAdjust=-500',
];

function systemdArgv(unit: HostUnit, change: ChangeCommand, own: readonly string[]): string[] {
  const properties = [
    // Kept after its end, so that the exit code can still be read.
    'RemainAfterExit=yes',
    'StandardInput=null',
    `StandardOutput=append:${unit.log}`,
    `StandardError=append:${unit.log}`,
    ...own,
  ];
  const environment = Object.entries(HOST_ENVIRONMENT).map(([name, value]) => `--setenv=${name}=${value}`);
  return [
    'systemd-run',
    '--quiet',
    '--no-ask-password',
    `--unit=${unit.name}`,
    // systemd-run would put the whole command there; a line end in it makes the unit's file unreadable to the next daemon-reload (systemd 252).
    `--description=Fettle: ${change.title.replace(/[^ -~]+/g, ' ')}`,
    ...properties.map(p => `--property=${p}`),
    ...environment,
    '--',
    // systemd puts variables of the unit into arguments; a doubled dollar is one dollar (systemd.service(5), COMMAND LINES).
    ...change.argv.map(word => word.replaceAll('$', '$$$$')),
  ];
}

export async function unitState(transport: Transport, unit: HostUnit, systemd: boolean): Promise<UnitState> {
  return systemd ? systemdState(transport, unit) : detachedState(transport, unit);
}

async function systemdState(transport: Transport, unit: HostUnit): Promise<UnitState> {
  const shown = await transport.run(
    [
      'systemctl',
      'show',
      '--no-pager',
      '-p',
      'LoadState,ActiveState,SubState,MainPID,ExecMainCode,ExecMainStatus',
      '--',
      `${unit.name}.service`,
    ],
    CALL,
  );
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(shown.stdout)?.[1] ?? '';
  if (value('LoadState') !== 'loaded') return { state: 'absent', pid: 0, code: null, killed: false };
  const pid = Number(value('MainPID')) || 0;
  // CLD_EXITED is 1, CLD_KILLED 2, CLD_DUMPED 3; 0 means that it has not ended.
  const how = value('ExecMainCode');
  if (how === '0' && value('ActiveState') !== 'failed') return { state: 'running', pid, code: null, killed: false };
  const status = Number(value('ExecMainStatus'));
  return { state: 'ended', pid: 0, code: how === '1' ? status : null, killed: how === '2' || how === '3' };
}

async function detachedState(transport: Transport, unit: HostUnit): Promise<UnitState> {
  const files = await transport.run(['grep', '-sH', '', '--', `${unit.log}.pid`, `${unit.log}.rc`], CALL);
  const value = (suffix: string) =>
    files.stdout
      .split('\n')
      .find(line => line.startsWith(`${unit.log}.${suffix}:`))
      ?.split(':')
      .at(-1);
  const rc = value('rc');
  // A shell says 128 and the signal's number; apt and dpkg have no such codes of their own.
  if (rc !== undefined && Number(rc) > 128) return { state: 'ended', pid: 0, code: null, killed: true };
  if (rc !== undefined) return { state: 'ended', pid: 0, code: Number(rc), killed: false };
  const pid = Number(value('pid') ?? 0);
  if (pid > 0) {
    // A number is given again after a restart of the host: the process must be ours.
    const ours = await transport.run(['grep', '-qaF', '--', unit.log, `/proc/${pid}/cmdline`], CALL);
    return ours.code === 0 ? { state: 'running', pid, code: null, killed: false } : { state: 'ended', pid: 0, code: null, killed: true };
  }
  const started = await transport.run(['test', '-e', `${unit.log}.started`], CALL);
  return started.code === 0 ? { state: 'ended', pid: 0, code: null, killed: true } : { state: 'absent', pid: 0, code: null, killed: false };
}

/** True when the program was started once, even if its unit is forgotten since (a reboot forgets transient units). */
export async function wasStarted(transport: Transport, unit: HostUnit): Promise<boolean> {
  return (await transport.run(['test', '-e', unit.log], CALL)).code === 0;
}

/** Gives the name back; the output stays. */
export async function forgetUnit(transport: Transport, unit: HostUnit, systemd: boolean): Promise<void> {
  if (!systemd) return;
  await transport.run(['systemctl', 'stop', '--no-ask-password', '--', `${unit.name}.service`], CALL);
  await transport.run(['systemctl', 'reset-failed', '--', `${unit.name}.service`], CALL);
}

/** The end of the output, for the cause of a failure. */
export async function unitOutput(transport: Transport, unit: HostUnit, maxBytes = 200_000): Promise<string> {
  return (await transport.run(['tail', '-c', String(maxBytes), '--', unit.log], { ...CALL, maxOutputBytes: maxBytes })).stdout;
}

interface Watching {
  /** The hard limit, seconds. The program is never ended by it: what is half done is worse than what is late. */
  readonly seconds: number;
  onOutput(text: string): void;
  readonly signal?: AbortSignal | undefined;
}

/** Follows the output until the program has ended. `timed-out` when it runs on; an aborted watch answers `left`. */
export async function watchUnit(
  transport: Transport,
  unit: HostUnit,
  systemd: boolean,
  watching: Watching,
): Promise<UnitState | 'timed-out' | 'left'> {
  const until = Date.now() + watching.seconds * 1000;
  let offset = 0;
  for (;;) {
    const state = await unitState(transport, unit, systemd);
    const left = until - Date.now();
    if (state.state === 'running' && left <= 0) return 'timed-out';
    offset += await followOnce(transport, unit, state, offset, Math.min(left, FOLLOW_MS), watching);
    if (offset > LOG_BYTES_MAX) {
      await transport.run(['truncate', '-s', '0', '--', unit.log], CALL);
      offset = 0;
    }
    if (state.state !== 'running') return state;
    if (watching.signal?.aborted) return 'left';
  }
}

/** One stretch of following; a connection that dies silently is noticed at its end. */
const FOLLOW_MS = 60_000;

async function followOnce(
  transport: Transport,
  unit: HostUnit,
  state: UnitState,
  offset: number,
  ms: number,
  watching: Watching,
): Promise<number> {
  let bytes = 0;
  const onOutput = (text: string, stream: 'stdout' | 'stderr') => {
    if (stream !== 'stdout') return;
    bytes += Buffer.byteLength(text);
    watching.onOutput(text);
  };
  // tail ends with the process that it watches, so the end is seen at once and no polling is needed.
  const follow = state.state === 'running' && state.pid > 0 ? ['-f', '-s', '0.3', `--pid=${state.pid}`] : [];
  await transport.run(['tail', '-c', `+${offset + 1}`, ...follow, '--', unit.log], {
    timeoutMs: Math.max(1_000, ms),
    maxOutputBytes: 1,
    asRoot: true,
    onOutput,
    ...(watching.signal ? { signal: watching.signal } : {}),
  });
  return bytes;
}
