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
  /** Files and folders of feeds that are imported at every start. */
  readonly feeds: readonly string[];
  /** Whether feeds with a URL are fetched by themselves. */
  readonly fetchFeeds: boolean;
  /** Whose exploitability statements count, beside those of the distributions. */
  readonly trustedAuthors: readonly string[];
  /** Descriptor that closes when the process that started us is gone (pm.mjs), or null. */
  readonly parentPipe: number | null;
}

const url = (protocols: RegExp, what: string) =>
  z.string().refine(text => URL.canParse(text) && protocols.test(new URL(text).protocol), { error: `is not ${what}` });
const yesNo = (fallback: 'yes' | 'no') => z.enum(['yes', 'no'], { error: 'is neither yes nor no' }).default(fallback);

/** Every environment variable that the server reads. docs/reference/settings.md is made from it. */
export const Environment = z.object({
  FETTLE_PORT: z.coerce
    .number({ error: 'is not a number' })
    .int()
    .min(0)
    .max(65_535)
    .default(7430)
    .describe('Port of console, API and agents; 0 takes a free one.'),
  FETTLE_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. `0.0.0.0` for all addresses of the machine, which hosts with an agent need.'),
  FETTLE_URL: url(/^https?:$/, 'a URL such as https://fettle.example.org')
    .optional()
    .describe('Where people and hosts reach the server, when that is not its own address and port: a name, or a proxy with TLS.'),
  FETTLE_DATA: z
    .string()
    .optional()
    .describe('Data folder: database, keys, log. By default `/var/lib/fettle` for root, else `~/.local/share/fettle`.'),
  DATABASE_URL: url(/^postgres(ql)?:$/, 'a URL such as postgres://user:password@host/database')
    .optional()
    .describe('A PostgreSQL server (15 or later) to use instead of the embedded one.'),
  FETTLE_FEEDS: z
    .string()
    .optional()
    .describe(
      'Feed files or folders, with a colon between them, that are imported at every start. Files that have not changed cost one read.',
    ),
  FETTLE_FETCH_FEEDS: yesNo('yes').describe('Whether feeds with a URL are fetched by themselves.'),
  FETTLE_TRUST_AUTHORS: z
    .string()
    .default('')
    .describe(
      "Authors whose exploitability statements (OpenVEX, CSAF, CycloneDX) count, with semicolons between them: the name as the documents state it, alone or bound to where they come from (`Acme @ https://vex.acme.example/`, `Acme @ bundle:KEY`, `Acme @ key:FINGERPRINT`). Distributions count for their own packages, from their own domains or under their verified signature; nobody else's statement hides a finding.",
    ),
  FETTLE_NAME: z.string().min(1).max(100).optional().describe('Name of a new installation; by default that of the machine.'),
  FETTLE_TRUSTED_PROXIES: z
    .string()
    .default('')
    .describe('Addresses or networks, with commas between them, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.'),
  FETTLE_CONSOLE: yesNo('yes').describe('`no`: the API alone; no console is built or served.'),
  FETTLE_REPLACE_PLAN_KEY: yesNo('no').describe(
    '`yes`, once: make a new plan-signing key because the old one is lost. Hosts must then be enrolled again.',
  ),
  FETTLE_PARENT_PIPE: z.coerce
    .number()
    .int()
    .min(3)
    .optional()
    .describe('Set by `npm start`: a descriptor that closes when the process that started the server is gone.'),
});

/** A password in a URL is nobody's business but the database's. */
function shownValue(value: string | undefined): string {
  return (value ?? '').replace(/\/\/[^@/]*@/, '//...@');
}

/** Throws Fault `setting-invalid` that names the variable. An empty variable counts as unset. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const variable = String(issue?.path[0] ?? 'environment');
    throw new Fault(
      'setting-invalid',
      `${variable}=${shownValue(given[variable])} ${issue?.message ?? 'is not valid'}.`,
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
    feeds: (value.FETTLE_FEEDS ?? '')
      .split(path.delimiter)
      .filter(Boolean)
      .map(location => path.resolve(location)),
    fetchFeeds: value.FETTLE_FETCH_FEEDS === 'yes',
    trustedAuthors: value.FETTLE_TRUST_AUTHORS.split(';')
      .map(name => name.trim())
      .filter(name => name !== ''),
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
