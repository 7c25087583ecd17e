import { parseArgs } from 'node:util';
import { readChangelog } from '../agent/changelog-rows.ts';
import { packageManagerOf } from '../agent/collect.ts';
import { enrol } from '../agent/enrol.ts';
import { runResident } from '../agent/resident.ts';
import { serverClient } from '../agent/server-client.ts';
import { AGENT_STATE_DIR, openStateFolder } from '../agent/state-folder.ts';
import { AGENT_VERSION } from '../agent/version.ts';
import { Fault } from '../core/kernel/faults.ts';
import { systemClock } from '../core/kernel/instants.ts';
import { localTransport } from '../plugins/transports/local/local.ts';

const USAGE = `fettle-agent ${AGENT_VERSION}: keeps this host's inventory at its Fettle server and applies signed plans.

  fettle-agent enrol --server URL --token TOKEN   exchange a one-time token for an identity
  fettle-agent run                                stay and work (systemd starts this)
  fettle-agent status                             who this host is, and what its journal has open
  fettle-agent version

  --state FOLDER   instead of ${AGENT_STATE_DIR}
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { server: { type: 'string' }, token: { type: 'string' }, state: { type: 'string', default: AGENT_STATE_DIR } },
});

async function main(verb: string | undefined): Promise<number> {
  switch (verb) {
    case 'enrol':
      return enrolHost();
    case 'run':
      return run();
    case 'status':
      return status();
    case 'version':
      console.log(AGENT_VERSION);
      return 0;
    default:
      console.error(USAGE);
      return verb === undefined || verb === 'help' ? 0 : 2;
  }
}

async function enrolHost(): Promise<number> {
  if (values.server === undefined || values.token === undefined) {
    console.error(USAGE);
    return 2;
  }
  const state = await openStateFolder(values.state);
  const { identity, fresh } = await enrol(
    state,
    { serverUrl: values.server, token: values.token, agentVersion: AGENT_VERSION },
    systemClock,
  );
  console.log(
    fresh ? `enrolled as ${identity.hostId} at ${identity.serverUrl}` : `already enrolled as ${identity.hostId} at ${identity.serverUrl}`,
  );
  return 0;
}

async function run(): Promise<number> {
  const state = await openStateFolder(values.state);
  const identity = await state.identity();
  if (identity === null)
    throw new Fault('not-enrolled', `there is no identity in ${state.path}`, 'Run the enrolment command that the console shows.');
  const transport = localTransport('agent');
  if (!transport.canBeRoot)
    throw new Fault('not-root', 'the agent installs packages and must run as root', 'Start it by systemd: systemctl start fettle-agent');
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  const client = serverClient(identity.serverUrl, `${identity.hostId}.${identity.secret}`);
  const log = (text: string) => console.log(text);
  log(`fettle-agent ${AGENT_VERSION}: ${identity.hostId} at ${identity.serverUrl}`);
  await runResident({
    identity,
    state,
    transport,
    client,
    log,
    manager: await packageManagerOf(transport),
    clock: systemClock,
    readChangelog,
    agentVersion: AGENT_VERSION,
    signal: stopping.signal,
  });
  client.close();
  return 0;
}

async function status(): Promise<number> {
  const state = await openStateFolder(values.state);
  const identity = await state.identity();
  if (identity === null) {
    console.log('not enrolled');
    return 1;
  }
  console.log(
    `${identity.hostId} at ${identity.serverUrl}, enrolled ${identity.enrolledAt}, ${identity.trustedKeys.length} pinned plan keys`,
  );
  return 0;
}

try {
  process.exitCode = await main(positionals[0]);
} catch (error) {
  const fault = error instanceof Fault ? error : null;
  console.error(fault ? `fettle-agent: ${fault.message}\n${fault.advice}` : error);
  process.exitCode = 1;
}
