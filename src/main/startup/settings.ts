import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { dataFolderOf } from '../../cli/local/data-folder.ts';
import { Fault } from '../../core/kernel/faults.ts';

export interface Settings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly dataFolder: string;
  /** null: the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** Where people and hosts reach the server, no slash at the end; null: derived from host and port. */
  readonly publicUrl: string | null;
  readonly trustedProxies: readonly string[];
  readonly name: string;
  /** Set by hand once, when the plan-signing key is lost and hosts are to be enrolled again. */
  readonly replacePlanKey: boolean;
  /** False: API only; no console is built or served. */
  readonly console: boolean;
  /** File or folder of feeds that is imported at every start, or null. */
  readonly feeds: string | null;
  /** Whether feeds with a URL are fetched by themselves. */
  readonly fetchFeeds: boolean;
  /** Descriptor that closes when the process that started us is gone (pm.mjs), or null. */
  readonly parentPipe: number | null;
}

const url = (protocols: RegExp, what: string) =>
  z.string().refine(text => URL.canParse(text) && protocols.test(new URL(text).protocol), { error: `is not ${what}` });

/** Every environment variable that the server reads; docs/reference/settings.md describes them. */
const Environment = z.object({
  FETTLE_HOST: z.string().min(1).default('127.0.0.1'),
  FETTLE_PORT: z.coerce.number({ error: 'is not a number' }).int().min(0).max(65_535).default(7430),
  DATABASE_URL: url(/^postgres(ql)?:$/, 'a URL such as postgres://user:password@host/database').optional(),
  FETTLE_URL: url(/^https?:$/, 'a URL such as https://fettle.example.org').optional(),
  FETTLE_TRUSTED_PROXIES: z.string().default(''),
  FETTLE_NAME: z.string().min(1).max(100).optional(),
  FETTLE_REPLACE_PLAN_KEY: z.enum(['yes', 'no']).default('no'),
  FETTLE_CONSOLE: z.enum(['yes', 'no']).default('yes'),
  FETTLE_FEEDS: z.string().optional(),
  FETTLE_FETCH_FEEDS: z.enum(['yes', 'no']).default('yes'),
  FETTLE_PARENT_PIPE: z.coerce.number().int().min(3).optional(),
});

/** Throws Fault `setting-invalid` that names the variable. An empty variable counts as unset. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const variable = String(issue?.path[0] ?? 'environment');
    throw new Fault(
      'setting-invalid',
      `${variable}=${given[variable] ?? ''} ${issue?.message ?? 'is not valid'}.`,
      `Correct or unset ${variable} and start again.`,
    );
  }
  const value = parsed.data;
  return {
    host: value.FETTLE_HOST,
    port: value.FETTLE_PORT,
    dataFolder: dataFolderOf(given, os.homedir(), process.getuid?.() === 0),
    databaseUrl: value.DATABASE_URL ?? null,
    publicUrl: value.FETTLE_URL?.replace(/\/+$/, '') ?? null,
    trustedProxies: value.FETTLE_TRUSTED_PROXIES.split(',')
      .map(text => text.trim())
      .filter(text => text !== ''),
    name: value.FETTLE_NAME ?? os.hostname(),
    replacePlanKey: value.FETTLE_REPLACE_PLAN_KEY === 'yes',
    console: value.FETTLE_CONSOLE === 'yes',
    feeds: value.FETTLE_FEEDS === undefined ? null : path.resolve(value.FETTLE_FEEDS),
    fetchFeeds: value.FETTLE_FETCH_FEEDS === 'yes',
    parentPipe: value.FETTLE_PARENT_PIPE ?? null,
  };
}

/** The address to print and to give to hosts when FETTLE_URL is not set. */
export function defaultUrl(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const outside = Object.values(os.networkInterfaces())
    .flat()
    .find(address => address !== undefined && !address.internal && address.family === 'IPv4');
  const name = everywhere ? (outside?.address ?? os.hostname()) : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
