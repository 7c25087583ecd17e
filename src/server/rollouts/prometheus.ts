import { z } from 'zod';
import type { Measured } from '../../core/rollouts/health.ts';

/** A query that takes longer is not one that a gate can wait for. */
const QUERY_MS_MAX = 10_000;
/** One number takes some hundred bytes. */
const ANSWER_BYTES_MAX = 1_000_000;

const Sample = z.tuple([z.number(), z.string()]);
/** https://prometheus.io/docs/prometheus/latest/querying/api/ : instant queries, format of the answer. */
const Answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: Sample })) }),
      z.object({ resultType: z.literal('scalar'), result: Sample }),
    ]),
  }),
  z.object({ status: z.literal('error'), error: z.string() }),
]);

/** Exactly one number, or why there is none. Never throws: no answer is an answer. */
export async function measure(baseUrl: string | null, query: string): Promise<Measured> {
  if (baseUrl === null) return { ok: false, problem: 'no Prometheus is named: fettle engine prometheus URL' };
  try {
    const url = new URL('api/v1/query', baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
    url.searchParams.set('query', query);
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(QUERY_MS_MAX),
      headers: { accept: 'application/json' },
    });
    const bytes = await response.bytes();
    if (bytes.length > ANSWER_BYTES_MAX) return { ok: false, problem: 'the answer is too long' };
    const answer = Answer.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    if (!answer.success) return { ok: false, problem: 'the answer is not one number' };
    if (answer.data.status === 'error') return { ok: false, problem: answer.data.error.slice(0, 300) };
    const { data } = answer.data;
    if (data.resultType === 'scalar') return { ok: true, value: Number(data.result[1]) };
    if (data.result.length === 0) return { ok: false, problem: 'no data' };
    if (data.result.length > 1)
      return { ok: false, problem: `${data.result.length} series where one number is needed: aggregate the query` };
    return { ok: true, value: Number(data.result[0]!.value[1]) };
  } catch (error) {
    return { ok: false, problem: `Prometheus does not answer: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300) };
  }
}

/** Host names as an RE2 alternation that needs no backslash inside a PromQL string. */
export function hostPattern(names: readonly string[]): string {
  return names.map(name => name.replace(/[^A-Za-z0-9_-]/g, one => `[${one === '^' || one === ']' || one === '\\' ? '.' : one}]`)).join('|');
}
