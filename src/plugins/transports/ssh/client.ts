import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HOST_ENVIRONMENT } from '../spec.ts';
import type { SshTarget } from './ssh.ts';

const ALIAS = 'fettle-host';

/** Where one connection's files are. */
function socketIn(dir: string): string {
  return join(dir, 's');
}

/**
 * The system's OpenSSH client. Nothing of the user's own configuration is read (-F none); the host key must be one of those pinned.
 * A password reaches ssh through an askpass helper that prints an environment variable: it is never in an argument, and only this user
 * and root can read it.
 */
export function clientArgv(
  target: SshTarget,
  dir: string,
  connectTimeoutSeconds: number,
  extra: readonly string[],
  remote: string | null,
): string[] {
  const password = target.authentication.kind === 'password';
  const settings: Record<string, string> = {
    ControlPath: socketIn(dir),
    UserKnownHostsFile: join(dir, 'known_hosts'),
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
    ...(password ? {} : { IdentityFile: join(dir, 'key') }),
    ForwardAgent: 'no',
    ForwardX11: 'no',
    PermitLocalCommand: 'no',
    ConnectTimeout: String(connectTimeoutSeconds),
    ServerAliveInterval: '10',
    ServerAliveCountMax: '3',
  };
  return [
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
}

export function clientEnvironment(target: SshTarget, dir: string): Record<string, string> {
  const { authentication } = target;
  return {
    PATH: HOST_ENVIRONMENT.PATH,
    LC_ALL: 'C.UTF-8',
    ...(authentication.kind === 'password'
      ? {
          SSH_ASKPASS: join(dir, 'askpass'),
          SSH_ASKPASS_REQUIRE: 'force',
          DISPLAY: ':0',
          FETTLE_SSH_PASSWORD: authentication.password,
        }
      : {}),
  };
}

export async function writeClientFiles(target: SshTarget, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(join(dir, 'known_hosts'), target.hostKeys.map(key => `${ALIAS} ${key}\n`).join(''), { mode: 0o600 });
  if (target.authentication.kind === 'key') {
    await writeFile(join(dir, 'key'), `${target.authentication.privateKey.trimEnd()}\n`, { mode: 0o600 });
  } else {
    await writeFile(join(dir, 'askpass'), '#!/bin/sh\nprintf \'%s\\n\' "$FETTLE_SSH_PASSWORD"\n', { mode: 0o700 });
    await chmod(join(dir, 'askpass'), 0o700);
  }
}
