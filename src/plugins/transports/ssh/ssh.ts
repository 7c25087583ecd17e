import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandResult } from '../../../core/kernel/commands.ts';
import { type ChildResult, runChild } from '../child-process.ts';
import { HOST_ENVIRONMENT, type RunOptions, type Transport, TransportFault } from '../spec.ts';
import { connectionFault, sudoFault } from './faults.ts';
import { quoteCommand } from './quoting.ts';

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

export interface SshSettings {
  /** A folder of this process alone (mode 0700), short: a control socket's path has at most 107 characters. */
  readonly runtimeDir: string;
  readonly connectTimeoutSeconds?: number;
}

const ADDRESS = /^[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?$|^[0-9a-fA-F:]{2,45}(%[A-Za-z0-9]+)?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
const ALIAS = 'fettle-host';
/** The connection stays open this long after its last use, so that one collection is one handshake and a killed server leaves nothing behind. */
const PERSIST_SECONDS = 60;

/**
 * A host by the system's OpenSSH client. One master connection (ControlMaster) carries all commands of a job. Nothing of the user's own
 * configuration is read (-F none); the host key must be one of those pinned. A password reaches ssh through an askpass helper that prints
 * an environment variable: it is never in an argument, and only this user and root can read it.
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

let connections = 0;

class SshConnection implements Transport {
  readonly reach = 'ssh' as const;
  private readonly target: SshTarget;
  private readonly timeoutSeconds: number;
  private readonly dir: string;
  private readonly socket: string;
  private rootBy: 'self' | 'sudo' | 'sudo-password' | 'none' = 'none';
  private connecting: Promise<void> | null = null;

  constructor(target: SshTarget, settings: SshSettings) {
    this.target = target;
    this.timeoutSeconds = settings.connectTimeoutSeconds ?? 15;
    // Of this connection alone: two connections to one host must not take each other's files away.
    this.dir = join(settings.runtimeDir, String(++connections));
    this.socket = join(this.dir, 's');
  }

  get canBeRoot(): boolean {
    return this.rootBy !== 'none';
  }

  connect(): Promise<void> {
    this.connecting ??= this.open().catch(error => {
      this.connecting = null;
      throw error;
    });
    return this.connecting;
  }

  private async open(): Promise<void> {
    await this.writeFiles();
    const opened = await this.ssh(['-o', 'ControlMaster=auto', '-o', `ControlPersist=${PERSIST_SECONDS}`, '-f', '-N'], null, {
      timeoutMs: (this.timeoutSeconds + 20) * 1000,
      maxOutputBytes: 64_000,
    });
    const fault = connectionFault(this.target.address, opened);
    if (fault) throw fault;
    if (opened.code !== 0)
      throw new TransportFault(
        'unreachable',
        `${this.target.address}: ${opened.stderr.trim() || `ssh ended with code ${opened.code}`}`,
        'Try the same with `ssh` by hand.',
      );
    this.rootBy = await this.wayToRoot();
  }

  private async wayToRoot(): Promise<typeof this.rootBy> {
    const ask = { timeoutMs: 20_000, maxOutputBytes: 64_000 };
    const id = await this.exec(['id', '-u'], ask);
    if (id.stdout.trim() === '0') return 'self';
    if (this.target.sudo === 'none') return 'none';
    const silent = await this.exec(['sudo', '-n', '--', 'true'], ask);
    if (silent.code === 0) return 'sudo';
    if (this.target.sudo === 'passwordless') throw sudoFault(this.target.address, silent);
    const asked = await this.exec(['sudo', '-k', '-S', '-p', '', '--', 'true'], { ...ask, stdin: `${this.sudoPassword()}\n` });
    if (asked.code !== 0) throw sudoFault(this.target.address, asked);
    return 'sudo-password';
  }

  private sudoPassword(): string {
    return this.target.sudoPassword ?? (this.target.authentication.kind === 'password' ? this.target.authentication.password : '');
  }

  run(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
    return this.runKeepingBytes(argv, options);
  }

  private async runKeepingBytes(argv: readonly string[], options: RunOptions): Promise<ChildResult> {
    await this.connect();
    const environment = Object.entries(HOST_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
    // The far side ends the program itself: ending the ssh client would leave it running there.
    const limited = ['env', '-i', ...environment, 'timeout', '-k', '5', String(Math.max(1, Math.ceil(options.timeoutMs / 1000))), ...argv];
    const asRoot = options.asRoot === true && this.rootBy !== 'self' && this.rootBy !== 'none';
    const remote = !asRoot
      ? limited
      : this.rootBy === 'sudo'
        ? ['sudo', '-n', '--', ...limited]
        : ['sudo', '-k', '-S', '-p', '', '--', ...limited];
    // -k makes sudo read the password every time, so that it can never be left over as input of the program.
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

  async readFile(path: string, maxBytes: number, options: { readonly asRoot?: boolean } = {}): Promise<Uint8Array | null> {
    const result = await this.runKeepingBytes(['head', '-c', String(maxBytes), '--', path], {
      timeoutMs: 60_000,
      maxOutputBytes: maxBytes,
      asRoot: options.asRoot ?? false,
    });
    return result.code === 0 ? result.stdoutBytes : null;
  }

  async close(): Promise<void> {
    if (this.connecting) await this.ssh(['-O', 'exit'], null, { timeoutMs: 5_000, maxOutputBytes: 4_000 }).catch(() => {});
    this.connecting = null;
    await rm(this.dir, { recursive: true, force: true });
  }

  private exec(argv: readonly string[], options: RunOptions): Promise<ChildResult> {
    return this.ssh(['-o', 'ControlMaster=no'], quoteCommand(argv), options);
  }

  private ssh(extra: readonly string[], remote: string | null, options: RunOptions): Promise<ChildResult> {
    const { target } = this;
    const { authentication } = target;
    const password = authentication.kind === 'password';
    const settings: Record<string, string> = {
      ControlPath: this.socket,
      UserKnownHostsFile: join(this.dir, 'known_hosts'),
      GlobalKnownHostsFile: 'none',
      HostKeyAlias: ALIAS,
      StrictHostKeyChecking: 'yes',
      CheckHostIP: 'no',
      UpdateHostKeys: 'no',
      BatchMode: password ? 'no' : 'yes',
      PreferredAuthentications: password ? 'password,keyboard-interactive' : 'publickey',
      NumberOfPasswordPrompts: '1',
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      ...(password ? {} : { IdentityFile: join(this.dir, 'key') }),
      ForwardAgent: 'no',
      ForwardX11: 'no',
      PermitLocalCommand: 'no',
      ConnectTimeout: String(this.timeoutSeconds),
      ServerAliveInterval: '10',
      ServerAliveCountMax: '3',
    };
    const argv = [
      'ssh',
      '-F',
      'none',
      '-T',
      ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
      ...extra,
      '-p',
      String(target.port),
      '-l',
      target.user,
      '--',
      target.address,
      ...(remote === null ? [] : [remote]),
    ];
    const askpass: Record<string, string> = password
      ? {
          SSH_ASKPASS: join(this.dir, 'askpass'),
          SSH_ASKPASS_REQUIRE: 'force',
          DISPLAY: ':0',
          FETTLE_SSH_PASSWORD: authentication.password,
        }
      : {};
    return runChild(argv, {
      env: { PATH: HOST_ENVIRONMENT.PATH, LC_ALL: 'C.UTF-8', ...askpass },
      stdin: options.stdin ?? null,
      timeoutMs: options.timeoutMs,
      maxOutputBytes: options.maxOutputBytes,
      onOutput: options.onOutput,
      signal: options.signal,
    });
  }

  private async writeFiles(): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    await writeFile(join(this.dir, 'known_hosts'), this.target.hostKeys.map(key => `${ALIAS} ${key}\n`).join(''), { mode: 0o600 });
    if (this.target.authentication.kind === 'key') {
      await writeFile(join(this.dir, 'key'), `${this.target.authentication.privateKey.trimEnd()}\n`, { mode: 0o600 });
    } else {
      await writeFile(join(this.dir, 'askpass'), '#!/bin/sh\nprintf \'%s\\n\' "$FETTLE_SSH_PASSWORD"\n', { mode: 0o700 });
      await chmod(join(this.dir, 'askpass'), 0o700);
    }
  }
}
