import { localTransport } from './local/local.ts';
import { sshTransport } from './ssh/ssh.ts';

/** Every way to run programs on a host, by the reach that it serves. Uploads bring text and run nothing; the agent is the local transport on the host itself. */
export const TRANSPORTS = { local: localTransport, ssh: sshTransport } as const;
