import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandResult } from '../../../core/kernel/commands.ts';
import { type ChildResult, runChild } from '../child-process.ts';
import { HOST_ENVIRONMENT, type RunOptions, type Transport, TransportFault } from '../spec.ts';
import { clientArgv, clientEnvironment, writeClientFiles } from './client.ts';
import { connectionFault, sudoFault } from './faults.ts';
import { quoteCommand } from './quoting.ts';
import { type HostSession, openSession, SessionLost, type SessionOpened } from './session.ts';
import { LOOP_PROGRAM, loopArgv } from './session-loop.ts';

export interface SshTarget {
  /** Host name or IP address. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly authentication: { readonly kind: 'key'; readonly privateKey: string } | { readonly kind: 'password'; readonly password: string };
  readonly sudo: 'none' | 'passwordless' | 'password';
  /** For `sudo: 'password'`; the login password when left out. */
  readonly sudoPassword?: string | undefined;
  /** Pinned host keys as `TYPE BASE64`, any of which the host may show. */
  readonly hostKeys: readonly string[];
}

interface SshSettings {
  /** A folder of this process alone (mode 0700), short: a control socket's path has at most 107 characters. */
  readonly runtimeDir: string;
  readonly connectTimeoutSeconds?: number;
}

const ADDRESS = /^[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?$|^[0-9a-fA-F:]{2,45}(%[A-Za-z0-9]+)?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
/** Authentication and the start of the loop, beside the time for the connection itself. */
const OPENING_SECONDS = 20;
const ASK = { timeoutMs: 20_000, maxOutputBytes: 64_000 } as const;

/**
 * A host by the system's OpenSSH client (client.ts). One connection carries everything: its first session is the loop that runs commands as the
 * user, and where root comes by sudo a second session on the same connection (ControlMaster) is the loop as root. Both end with their
 * input, so a server that is killed leaves no process behind, here or there. A host that cannot run the loop gets a session for each command.
 */
export function sshTransport(target: SshTarget, settings: SshSettings): Transport {
  if (!ADDRESS.test(target.address))
    throw new TransportFault(
      'bad-address',
      `not a host name or address: ${target.address}`,
      'Write host names or IP addresses, one a line.',
    );
  if (!USER.test(target.user)) throw new TransportFault('bad-address', `not a user name: ${target.user}`, 'Write user@host.');
  return new SshConnection(target, settings);
}

type WayToRoot = 'self' | 'sudo' | 'sudo-password' | 'none';

/** The open connection. `root` is the same session when the user is root, and null when each command has a session of its own. */
interface Line {
  readonly user: HostSession;
  readonly hasLoop: boolean;
  root: HostSession | null;
}

let connections = 0;

class SshConnection implements Transport {
  readonly reach = 'ssh' as const;
  private readonly target: SshTarget;
  private readonly timeoutSeconds: number;
  private readonly dir: string;
  private rootBy: WayToRoot = 'none';
  private line: Promise<Line> | null = null;

  constructor(target: SshTarget, settings: SshSettings) {
    this.target = target;
    this.timeoutSeconds = settings.connectTimeoutSeconds ?? 15;
    // Of this connection alone: two connections to one host must not take each other's files away.
    this.dir = join(settings.runtimeDir, String(++connections));
  }

  get canBeRoot(): boolean {
    return this.rootBy !== 'none';
  }

  async connect(): Promise<void> {
    await this.connected();
  }

  /** A connection that was lost is made anew by the next command. */
  private async connected(): Promise<Line> {
    for (;;) {
      const opening = (this.line ??= this.open());
      const line = await opening.catch(error => {
        if (this.line === opening) this.line = null;
        throw error;
      });
      if (line.user.alive && (line.root?.alive ?? true)) return line;
      if (this.line !== opening) continue;
      this.line = null;
      await this.hangUp(line);
    }
  }

  private async open(): Promise<Line> {
    const { address } = this.target;
    await writeClientFiles(this.target, this.dir);
    const opened = await this.session(['-o', 'ControlMaster=yes'], [], '');
    if (opened.kind === 'ended') throw connectionFault(address, opened.result) ?? unreachable(address, opened.result);
    const line: Line = { user: opened.session, hasLoop: opened.kind === 'open', root: null };
    try {
      const isRoot = opened.kind === 'open' ? opened.uid === 0 : (await this.on(line, ['id', '-u'], ASK)).stdout.trim() === '0';
      this.rootBy = isRoot ? 'self' : await this.wayToRoot(line);
      if (this.rootBy === 'self') line.root = line.user;
      else if (this.rootBy !== 'none' && line.hasLoop) line.root = await this.openRoot(this.rootBy);
      return line;
    } catch (error) {
      await this.hangUp(line);
      throw error;
    }
  }

  private async wayToRoot(line: Line): Promise<WayToRoot> {
    if (this.target.sudo === 'none') return 'none';
    // With the loop, sudo itself says whether it lets us: it is asked once.
    if (this.target.sudo === 'passwordless' && line.hasLoop) return 'sudo';
    const silent = await this.on(line, ['sudo', '-n', '--', 'true'], ASK);
    if (silent.code === 0) return 'sudo';
    if (this.target.sudo === 'passwordless') throw sudoFault(this.target.address, silent);
    // Asked apart, because a refused password would make sudo read whatever comes next as another one.
    const asked = await this.on(line, [...sudo('sudo-password'), 'true'], { ...ASK, stdin: `${this.sudoPassword()}\n` });
    if (asked.code !== 0) throw sudoFault(this.target.address, asked);
    return 'sudo-password';
  }

  private async openRoot(rootBy: 'sudo' | 'sudo-password'): Promise<HostSession> {
    const password = rootBy === 'sudo-password' ? `${this.sudoPassword()}\n` : '';
    const opened = await this.session(['-o', 'ControlMaster=no'], sudo(rootBy), password);
    if (opened.kind === 'open' && opened.uid === 0) return opened.session;
    if (opened.kind !== 'ended') await opened.session.close();
    const result = opened.kind === 'ended' ? opened.result : { ...NOTHING_SAID, code: 1 };
    throw connectionFault(this.target.address, result) ?? sudoFault(this.target.address, result);
  }

  private session(extra: readonly string[], sudoArgv: readonly string[], password: string): Promise<SessionOpened> {
    const { target, dir } = this;
    const nonce = randomBytes(8).toString('hex');
    const [ready, none] = [`fettle-ready-${nonce}`, `fettle-none-${nonce}`];
    const loop = loopArgv(ready, HOST_ENVIRONMENT);
    // As the user it is found out whether the host can; with sudo that is known.
    const remote = sudoArgv.length > 0 ? [...sudoArgv, ...loop] : ['sh', '-c', LOOP_OR_NOTHING, none, ...loop];
    return openSession({
      argv: clientArgv(target, dir, this.timeoutSeconds, extra, quoteCommand(remote)),
      env: clientEnvironment(target, dir),
      input: Buffer.concat([Buffer.from(password), LOOP_PROGRAM]),
      ready,
      none,
      timeoutMs: (this.timeoutSeconds + OPENING_SECONDS) * 1000,
    });
  }

  private sudoPassword(): string {
    return this.target.sudoPassword ?? (this.target.authentication.kind === 'password' ? this.target.authentication.password : '');
  }

  run(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
    return this.runKeepingBytes(argv, options);
  }

  private async runKeepingBytes(argv: readonly string[], options: RunOptions): Promise<ChildResult> {
    const line = await this.connected();
    const asRoot = options.asRoot === true && this.rootBy !== 'none';
    const session = asRoot ? line.root : line.hasLoop ? line.user : null;
    if (session === null) return this.runAlone(argv, options, asRoot);
    const told = await this.ask(session, argv, options);
    if (told !== 'stale') return told;
    // Its own files were replaced. Begun anew, it is no leftover of the old ones; with work in hand it goes on as it is.
    const idle = line.user.idle && (line.root?.idle ?? true);
    if (!idle) return (await this.ask(session, argv, { ...options, evenIfStale: true })) as ChildResult;
    this.line = null;
    await this.hangUp(line);
    return this.runKeepingBytes(argv, options);
  }

  private async ask(session: HostSession, argv: readonly string[], options: RunOptions & { readonly evenIfStale?: boolean }) {
    try {
      return await session.run(argv, options);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      throw connectionFault(this.target.address, error.result) ?? unreachable(this.target.address, error.result);
    }
  }

  /** Without the loop: a session of its own on the open connection. */
  private async runAlone(argv: readonly string[], options: RunOptions, asRoot: boolean): Promise<ChildResult> {
    const environment = Object.entries(HOST_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
    // The far side ends the program itself: ending the ssh client would leave it running there.
    const limited = ['env', '-i', ...environment, 'timeout', '-k', '5', String(Math.max(1, Math.ceil(options.timeoutMs / 1000))), ...argv];
    const remote = asRoot ? [...sudo(this.rootBy), ...limited] : limited;
    const stdin = asRoot && this.rootBy === 'sudo-password' ? `${this.sudoPassword()}\n${options.stdin ?? ''}` : options.stdin;
    const result = await this.exec(remote, {
      ...options,
      timeoutMs: options.timeoutMs + 15_000,
      ...(stdin === undefined ? {} : { stdin }),
    });
    const fault = connectionFault(this.target.address, result);
    if (fault) throw fault;
    return result.code === 124 ? { ...result, code: null, timedOut: true } : result;
  }

  private async on(line: Line, argv: readonly string[], options: RunOptions): Promise<CommandResult> {
    return line.hasLoop ? ((await this.ask(line.user, argv, { ...options, evenIfStale: true })) as ChildResult) : this.exec(argv, options);
  }

  private exec(argv: readonly string[], options: RunOptions): Promise<ChildResult> {
    return runChild(clientArgv(this.target, this.dir, this.timeoutSeconds, ['-o', 'ControlMaster=no'], quoteCommand(argv)), {
      env: clientEnvironment(this.target, this.dir),
      stdin: options.stdin ?? null,
      timeoutMs: options.timeoutMs,
      maxOutputBytes: options.maxOutputBytes,
      onOutput: options.onOutput,
      signal: options.signal,
    });
  }

  async readFile(path: string, maxBytes: number, options: { readonly asRoot?: boolean } = {}): Promise<Uint8Array | null> {
    const result = await this.runKeepingBytes(['head', '-c', String(maxBytes), '--', path], {
      timeoutMs: 60_000,
      maxOutputBytes: maxBytes,
      asRoot: options.asRoot ?? false,
    });
    return result.code === 0 ? result.stdoutBytes : null;
  }

  async close(): Promise<void> {
    const line = await this.line?.catch(() => null);
    this.line = null;
    if (line) await this.hangUp(line);
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Root's session first: it lives on the user's connection. */
  private async hangUp(line: Line): Promise<void> {
    if (line.root !== null && line.root !== line.user) await line.root.close();
    await line.user.close();
  }
}

/** Constant text; $0 is the word that says no. `cat` keeps the connection open for the sessions of single commands, and ends with its input. */
export const LOOP_OR_NOTHING = 'command -v perl >/dev/null 2>&1 && exec "$@"; printf %s "$0"; exec cat >/dev/null';
const NOTHING_SAID: CommandResult = { code: 0, signal: null, stdout: '', stderr: '', timedOut: false, truncated: false };

/** -k makes sudo read the password every time, so that it can never be left over as input of the program. */
function sudo(rootBy: WayToRoot): string[] {
  if (rootBy === 'sudo') return ['sudo', '-n', '--'];
  return rootBy === 'sudo-password' ? ['sudo', '-k', '-S', '-p', '', '--'] : [];
}

function unreachable(address: string, result: CommandResult): TransportFault {
  const said = result.stderr.trim().split('\n').at(-1)?.trim();
  return new TransportFault(
    'unreachable',
    `${address}: ${said || `the session ended (ssh code ${result.code})`}`,
    'Try the same with `ssh` by hand.',
    result.stderr.trim(),
  );
}
