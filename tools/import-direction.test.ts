import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './golden-files.ts';

/** Inside core a noun may import itself and the nouns before it, never a later one. */
const CORE_ORDER = [
  'kernel',
  'versions',
  'inventory',
  'advisories',
  'findings',
  'priorities',
  'remediation',
  'rollouts',
  'verification',
  'evidence',
  'reporting',
];
/** Built-in modules that core may use: no clock, no I/O, no randomness comes out of these. */
const CORE_BUILTINS = ['node:crypto'];

interface Import {
  /** `src/core/rollouts/planner.ts` */
  readonly from: string;
  /** The same for our files; else a package or built-in name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const STATEMENT = /^\s*(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(STATEMENT)].map(([, type, named, dynamic]) => {
    const target = named ?? dynamic ?? '';
    const to = target.startsWith('.') ? path.posix.join(path.posix.dirname(file), target) : target;
    return { from: file, to, typeOnly: type !== undefined };
  });
}

const files = readdirSync(path.join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
  .map(entry => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
const isTest = (file: string): boolean => /\.test\.tsx?$|\/test-[\w-]+\.tsx?$|[/.]testkit(-[\w-]+)?\.tsx?$|\/testkit\//.test(file);
const imports = files.filter(file => !isTest(file)).flatMap(importsOf);
const area = (file: string): string => file.split('/')[1] ?? '';

function coreRank(file: string): number {
  return CORE_ORDER.indexOf(file.split('/')[2] ?? '');
}

/** What a file of an area may import, apart from packages; null: no rule is broken, else the rule. */
const RULES: Readonly<Record<string, (one: Import) => string | null>> = {
  core(one) {
    if (one.to.startsWith('node:')) return CORE_BUILTINS.includes(one.to) ? null : 'core is pure: no I/O, no clock, no randomness';
    if (!one.to.startsWith('src/')) return 'core has no dependencies';
    if (area(one.to) !== 'core') return 'core imports only core';
    return coreRank(one.to) <= coreRank(one.from) ? null : `inside core the order is ${CORE_ORDER.join(', ')}`;
  },
  plugins(one) {
    if (!one.to.startsWith('src/') || area(one.to) === 'core') return null;
    const family = (file: string): string => file.split('/').slice(0, 3).join('/');
    return area(one.to) === 'plugins' &&
      (family(one.to) === family(one.from) || one.to === 'src/plugins/transports/spec.ts' || one.to.split('/').length === 3)
      ? null
      : 'a plug-in imports core and its own family';
  },
  api: one => (!one.to.startsWith('src/') || ['api', 'core'].includes(area(one.to)) ? null : 'the contract imports core types at most'),
  db: one => (!one.to.startsWith('src/') || ['db', 'core'].includes(area(one.to)) ? null : 'db imports core and db'),
  server(one) {
    if (!one.to.startsWith('src/') || ['server', 'core', 'api', 'db'].includes(area(one.to))) return null;
    return /^src\/plugins\/[\w-]+\/spec\.ts$/.test(one.to) ? null : 'server imports core, api, db and the specs of plug-ins';
  },
  console(one) {
    if (!one.to.startsWith('src/') || ['console', 'api'].includes(area(one.to))) return null;
    return isStateTable(one) ? null : 'the console imports api, and the state tables and types of core';
  },
  cli(one) {
    if (!one.to.startsWith('src/') || ['cli', 'api'].includes(area(one.to))) return null;
    if (one.from.startsWith('src/cli/local/') && (area(one.to) === 'core' || /^src\/plugins\/[\w-]+\/spec\.ts$/.test(one.to))) return null;
    return isStateTable(one)
      ? null
      : 'the cli imports api, and the state tables and types of core (local commands: core, and the specs of plug-ins)';
  },
  agent: one =>
    !one.to.startsWith('src/')
      ? one.to.startsWith('node:')
        ? null
        : 'the agent has no dependencies'
      : ['agent', 'core', 'api', 'plugins'].includes(area(one.to))
        ? null
        : 'the agent imports core, plug-ins and the contract',
};

function isStateTable(one: Import): boolean {
  return area(one.to) === 'core' && (one.typeOnly || /-states\.ts$|\/machine\.ts$|\/verbs\.ts$|\/kernel\//.test(one.to));
}

describe('imports point one way (DESIGN section 3)', () => {
  it('reads every source file, and every relative import leads to one', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(imports.length).toBeGreaterThan(files.length);
    const lost = imports.filter(one => one.to.startsWith('src/') && !existsSync(path.join(ROOT, one.to)));
    expect(lost).toEqual([]);
  });

  it.each(Object.keys(RULES))('src/%s', name => {
    const rule = RULES[name] as (one: Import) => string | null;
    const broken = imports.filter(one => one.from.startsWith(`src/${name}/`)).flatMap(one => rule(one) ?? []).length;
    const told = imports
      .filter(one => one.from.startsWith(`src/${name}/`))
      .map(one => ({ one, why: rule(one) }))
      .filter(({ why }) => why !== null)
      .map(({ one, why }) => `${one.from} imports ${one.to}: ${why}`);
    expect(told).toEqual([]);
    expect(broken).toBe(0);
  });

  it('only main/ knows the members of plug-in families and joins the nouns of the server', () => {
    const joined = imports
      .filter(one => area(one.from) === 'server' && area(one.to) === 'server')
      .filter(one => {
        const [from, to] = [one.from, one.to].map(file => file.split('/')[2] ?? '');
        const shared = ['runtime', 'audit', 'context.ts', 'ports.ts', 'actor.ts'];
        return from !== to && !shared.includes(to as string) && !one.typeOnly;
      });
    expect(joined.map(one => `${one.from} imports ${one.to}`)).toEqual([]);
  });

  it('is not vacuous: a made-up import against each rule is found', () => {
    const found = [
      RULES.core?.({ from: 'src/core/kernel/ids.ts', to: 'src/core/rollouts/plan.ts', typeOnly: false }),
      RULES.core?.({ from: 'src/core/kernel/ids.ts', to: 'node:fs', typeOnly: false }),
      RULES.server?.({ from: 'src/server/fleet/a.ts', to: 'src/plugins/transports/ssh/index.ts', typeOnly: false }),
      RULES.console?.({ from: 'src/console/main.tsx', to: 'src/server/context.ts', typeOnly: false }),
      RULES.cli?.({ from: 'src/cli/program.ts', to: 'src/db/pool.ts', typeOnly: false }),
    ];
    expect(found.every(why => typeof why === 'string')).toBe(true);
  });
});
