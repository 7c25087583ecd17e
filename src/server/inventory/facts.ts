import { z } from 'zod';
import type { HostFacts } from '../../core/inventory/snapshot.ts';
import { invalid } from '../runtime/problems.ts';

/** A report's facts come from the host, which may be anything: only fields that HostFacts has are kept, in their types. */
const Text = z.string().max(4_000);
const Short = z.string().max(300);
const Moment = z.iso.datetime();
const MANY = 20_000;

const Facts = z.object({
  hostname: Short,
  addresses: z.array(Short).max(1_000),
  machineId: Short.nullable().default(null),
  os: z.object({ id: Short, versionId: Short, codename: Short.default(''), prettyName: Short.default('') }),
  architecture: Short.default(''),
  bootId: Short.nullable().default(null),
  bootedAt: Moment.nullable().default(null),
  kernel: z
    .object({ runningRelease: Short, installed: z.array(z.object({ release: Short, packageName: Short, version: Short })).max(1_000) })
    .nullable()
    .default(null),
  suites: z
    .array(
      z.object({
        site: Short,
        suite: Short,
        codename: Short,
        label: Short,
        origin: Short,
        component: Short,
        publishedAt: Moment.nullable(),
      }),
    )
    .max(2_000)
    .nullable()
    .default(null),
  services: z
    .array(z.object({ unit: Short, activeState: Short, subState: Short }))
    .max(MANY)
    .nullable()
    .default(null),
  sockets: z
    .array(z.object({ protocol: z.enum(['tcp', 'udp']), address: Short, port: z.int(), process: Short.nullable(), unit: Short.nullable() }))
    .max(MANY)
    .nullable()
    .default(null),
  staleProcesses: z
    .array(
      z.object({
        pid: z.int(),
        command: Text,
        unit: Short.nullable(),
        files: z.array(z.object({ path: Text, packageName: Short.nullable() })).max(2_000),
      }),
    )
    .max(MANY)
    .nullable()
    .default(null),
  reboot: z
    .object({ required: z.boolean(), reasons: z.array(Text).max(1_000) })
    .nullable()
    .default(null),
  packageManager: z
    .object({ id: Short, healthy: z.boolean(), problems: z.array(Text).max(5_000) })
    .nullable()
    .default(null),
  livePatches: z
    .array(
      z.object({
        name: Short,
        enabled: z.boolean(),
        inTransition: z.boolean(),
        supplier: Short.nullable(),
        fixes: z.array(Short).max(5_000).nullable(),
      }),
    )
    .max(100)
    // Absent from agents that do not know of them.
    .nullish(),
  hooks: z
    .array(z.object({ name: Short, problem: Text.nullable() }))
    .max(200)
    .nullish(),
  unread: z.array(Text).max(1_000).default([]),
});

export function hostFacts(value: unknown): HostFacts {
  const parsed = Facts.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(
    `body/facts/${issue?.path.join('/') ?? ''}`,
    issue?.message ?? 'is not valid',
    'Update the agent on this host, or report this as a defect.',
  );
}
