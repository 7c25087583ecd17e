import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signEnvelope } from '../core/evidence/envelope.ts';
import { HOST_PLAN_TYPE, type HostPlan, type JobEvent, type JobResult, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';

/**
 * The agent's side of the contract, spoken over real HTTP by a server without a database: for tests of the agent and for measuring it. It keeps
 * everything that it was told.
 */
export interface TestServer {
  readonly url: string;
  readonly trustedKeys: readonly string[];
  readonly key: KeyObject;
  readonly tokens: Set<string>;
  readonly enrolled: { readonly hostId: string; readonly hostname: string }[];
  readonly checkIns: unknown[];
  readonly reports: Record<string, unknown>[];
  readonly simulations: Map<string, unknown>;
  readonly events: JobEvent[];
  readonly results: JobResult[];
  /** Handed out with the next check-in, once. */
  readonly tasks: unknown[];
  /** What a permit request is answered with; by default yes. */
  permits: (phase: string, jobId: string) => { code: string; text: string; retryAfterSeconds: number; final: boolean } | null;
  cancelRequested: boolean;
  /** Answers every request with this status while it is set. */
  broken: number | null;
  /** A signed plan for the last host that enrolled. */
  offer(plan: Partial<HostPlan> & Pick<HostPlan, 'transaction'>): HostPlan;
  close(): Promise<void>;
}

const INSTALLATION = 'ins_0000000000000001';

export async function startTestServer(
  options: { readonly address?: string; readonly port?: number; readonly holdMs?: number } = {},
): Promise<TestServer> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
  const secrets = new Map<string, string>();
  let sequence = 0;
  let wake = () => {};

  const answer = async (path: string, body: Record<string, unknown>, hostId: string): Promise<unknown> => {
    if (path === '/api/agent/v1/check-in') {
      server.checkIns.push(body);
      if (server.tasks.length === 0 && Number(body.waitSeconds) > 0) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, Math.min(Number(body.waitSeconds) * 1000, options.holdMs ?? 500));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return { tasks: server.tasks.splice(0), serverTime: new Date().toISOString(), nextCheckInSeconds: 0 };
    }
    if (path === '/api/agent/v1/report') {
      server.reports.push(body);
      return { accepted: true, missing: [] };
    }
    const simulation = /^\/api\/agent\/v1\/simulations\/(.+)$/.exec(path);
    if (simulation) server.simulations.set(decodeURIComponent(simulation[1]!), body);
    const job = /^\/api\/agent\/v1\/jobs\/([^/]+)\/(\d+)\/(\w+)$/.exec(path);
    if (job?.[3] === 'events') {
      server.events.push(...(body.events as JobEvent[]));
      return { cancelRequested: server.cancelRequested };
    }
    if (job?.[3] === 'permit') {
      const refused = server.permits(String(body.phase), job[1]!);
      if (refused) return { permit: null, refused };
      const now = Date.now();
      const permit = {
        permitId: 'pmt_1',
        jobId: job[1],
        attempt: Number(job[2]),
        hostId,
        phase: body.phase,
        issuedAt: new Date(now).toISOString(),
        expiresAt: new Date(now + 300_000).toISOString(),
      };
      return { permit: signEnvelope(PERMIT_TYPE, permit, privateKey), refused: null };
    }
    if (job?.[3] === 'result') {
      server.results.push(body as unknown as JobResult);
      return { stored: true };
    }
    return {};
  };

  const http: Server = createServer(async (request, response) => {
    const reply = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (server.broken !== null) return reply(server.broken, { title: 'broken on purpose' });
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as Record<string, unknown>;
    const path = request.url ?? '';
    if (path === '/api/agent/v1/enrol') {
      if (!server.tokens.delete(String(body.token))) return reply(403, { title: 'This enrolment token is unknown, used up or expired.' });
      const hostId = `host_${String(server.enrolled.length + 1).padStart(16, '0')}`;
      secrets.set(hostId, `s${hostId}`);
      server.enrolled.push({ hostId, hostname: String(body.hostname) });
      return reply(200, { hostId, secret: `s${hostId}`, installationId: INSTALLATION, trustedKeys: [spki], enrolmentId: 'enr_1' });
    }
    const [hostId = '', secret = ''] = (request.headers.authorization ?? '').replace('FettleAgent ', '').split('.');
    if (secrets.get(hostId) !== secret) return reply(401, { title: 'unknown host' });
    reply(200, await answer(path, body, hostId));
  });
  await new Promise<void>(resolve => http.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve));
  const server: TestServer = {
    url: `http://${options.address ?? '127.0.0.1'}:${(http.address() as AddressInfo).port}`,
    trustedKeys: [spki],
    key: privateKey,
    tokens: new Set(),
    enrolled: [],
    checkIns: [],
    reports: [],
    simulations: new Map(),
    events: [],
    results: [],
    tasks: [],
    permits: () => null,
    cancelRequested: false,
    broken: null,
    offer(given) {
      sequence++;
      const id = String(sequence).padStart(16, '0');
      const now = Date.now();
      const plan: HostPlan = {
        version: 1,
        planId: `plan_${id}`,
        policyRoot: 1,
        installationId: INSTALLATION,
        hostId: server.enrolled.at(-1)?.hostId ?? '',
        sequence,
        jobId: `job_${id}`,
        attempt: 1,
        rolloutId: 'rol_0000000000000001',
        rolloutPlanHash: 'x',
        kind: 'patch',
        notBefore: new Date(now - 60_000).toISOString(),
        notAfter: new Date(now + 3_600_000).toISOString(),
        restart: 'affected-services',
        reboot: 'never',
        smokeTests: [],
        ...given,
      };
      server.tasks.push({
        kind: 'job',
        jobId: plan.jobId,
        attempt: plan.attempt,
        envelope: signEnvelope(HOST_PLAN_TYPE, plan, privateKey),
      });
      wake();
      return plan;
    },
    close: () =>
      new Promise(resolve => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}
