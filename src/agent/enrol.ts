import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { Fault } from '../core/kernel/faults.ts';
import type { Clock } from '../core/kernel/instants.ts';
import { ServerFault, serverClient } from './server-client.ts';
import { type Identity, NOTHING_REPORTED, type StateFolder } from './state-folder.ts';

interface EnrolOptions {
  readonly serverUrl: string;
  readonly token: string;
  readonly agentVersion: string;
}

interface EnrolAnswer {
  readonly hostId: string;
  readonly secret: string;
  readonly installationId: string;
  readonly trustedKeys: string[];
}

/**
 * Exchanges the one-time token for an identity and pins the keys that may sign plans. A host whose identity the same server still knows is left as
 * it is, so that running the installer twice does no harm.
 */
export async function enrol(
  state: StateFolder,
  options: EnrolOptions,
  clock: Clock,
): Promise<{ readonly identity: Identity; readonly fresh: boolean }> {
  const serverUrl = options.serverUrl.replace(/\/+$/, '');
  if (!URL.canParse(serverUrl) || !/^https?:$/.test(new URL(serverUrl).protocol))
    throw new Fault('bad-url', `not a server address: ${options.serverUrl}`, 'Write http://HOST:PORT or https://HOST.');
  const known = await state.identity();
  if (known !== null && known.serverUrl === serverUrl && (await stillKnown(known, options.agentVersion)))
    return { identity: known, fresh: false };

  const keys = generateKeyPairSync('ed25519');
  const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  const client = serverClient(serverUrl, null);
  try {
    const answer = await client.post<EnrolAnswer>('/api/agent/v1/enrol', {
      token: options.token,
      hostname: hostname(),
      machineId: await machineId(),
      publicKey,
      agentVersion: options.agentVersion,
    });
    const identity: Identity = {
      serverUrl,
      hostId: answer.hostId,
      secret: answer.secret,
      installationId: answer.installationId,
      trustedKeys: answer.trustedKeys,
      enrolledAt: clock.now(),
      publicKey,
      privateKey: keys.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    };
    await state.writeIdentity(identity);
    await state.writeReported(NOTHING_REPORTED);
    return { identity, fresh: true };
  } catch (error) {
    if (error instanceof ServerFault && error.code === 'credential-refused')
      throw new Fault(
        'token-refused',
        error.message,
        'Tokens work once and for a short time: make a new one in the console under Settings, Enrolment.',
        error,
      );
    throw error;
  } finally {
    client.close();
  }
}

/** Only a clear refusal means that a new identity is needed; a server that is away is no reason to throw one away. */
async function stillKnown(identity: Identity, agentVersion: string): Promise<boolean> {
  const client = serverClient(identity.serverUrl, `${identity.hostId}.${identity.secret}`);
  try {
    await client.post('/api/agent/v1/check-in', { agentVersion, bootId: null, digests: null, openJobs: [], waitSeconds: 0 });
    return true;
  } catch (error) {
    return !(error instanceof ServerFault && error.code === 'credential-refused');
  } finally {
    client.close();
  }
}

async function machineId(): Promise<string | null> {
  const text = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  return text.trim() === '' ? null : text.trim();
}
