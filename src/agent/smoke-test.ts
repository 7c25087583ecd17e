import { NO_SUCH_PROGRAM } from '../core/kernel/commands.ts';
import type { SmokeTest } from '../core/rollouts/host-plan.ts';
import type { Transport } from '../plugins/transports/spec.ts';

export interface SmokeTestResult {
  readonly test: SmokeTest;
  readonly passed: boolean;
  readonly detail: string;
}

const CALL = { timeoutMs: 20_000, maxOutputBytes: 20_000 } as const;
/** Constant text; host and port come as arguments. bash is essential on Debian, a client for plain TCP is not. */
const TCP = 'exec 3<>"/dev/tcp/$0/$1"';

/** One try, from the host itself, by argv only. */
async function attempt(transport: Transport, test: SmokeTest): Promise<SmokeTestResult> {
  switch (test.kind) {
    case 'unit-active': {
      const asked = await transport.run(['systemctl', 'is-active', '--', test.unit], CALL);
      const state = asked.stdout.trim() || asked.stderr.trim() || 'unknown';
      return { test, passed: asked.code === 0 && state === 'active', detail: `${test.unit} is ${state}` };
    }
    case 'tcp-port': {
      const asked = await transport.run(['timeout', '5', 'bash', '-c', TCP, test.host, String(test.port)], CALL);
      return {
        test,
        passed: asked.code === 0,
        detail:
          asked.code === 0 ? `${test.host}:${test.port} accepts connections` : `${test.host}:${test.port} does not accept connections`,
      };
    }
    case 'http': {
      const status = await httpStatus(transport, test.url);
      if (typeof status !== 'number') return { test, passed: false, detail: `${test.url}: ${status.problem}` };
      return { test, passed: status === test.expectStatus, detail: `${test.url} answered ${status}, expected ${test.expectStatus}` };
    }
  }
}

/** curl or wget, whichever the host has. Redirects are answers, not ways to somewhere else. */
async function httpStatus(transport: Transport, url: string): Promise<number | { readonly problem: string }> {
  const curl = await transport.run(
    [
      'curl',
      '-q',
      '-sS',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '--max-time',
      '10',
      '--max-redirs',
      '0',
      '--proto',
      '=http,https',
      '--',
      url,
    ],
    CALL,
  );
  if (curl.code === 0) return Number(curl.stdout.trim());
  if (curl.code !== NO_SUCH_PROGRAM) return { problem: curl.stderr.trim().split('\n').at(-1) || `curl ended with ${curl.code}` };
  const wget = await transport.run(['wget', '-q', '-S', '-O', '/dev/null', '-T', '10', '-t', '1', '--max-redirect=0', '--', url], CALL);
  if (wget.code === NO_SUCH_PROGRAM) return { problem: 'the host has neither curl nor wget' };
  const status = /HTTP\/[\d.]+ (\d{3})/.exec(wget.stderr);
  return status ? Number(status[1]) : { problem: wget.stderr.trim().split('\n').at(-1) || `wget ended with ${wget.code}` };
}

/** A restarted service needs a moment: each test is tried until it passes or the time is over. */
export async function smokeTest(
  transport: Transport,
  test: SmokeTest,
  seconds: number,
  pause: (ms: number) => Promise<void>,
): Promise<SmokeTestResult> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const result = await attempt(transport, test);
    if (result.passed || Date.now() >= until) return result;
    await pause(1_000);
  }
}
