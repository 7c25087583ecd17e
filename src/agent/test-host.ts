import type { CommandResult } from '../core/kernel/commands.ts';
import { type Transport, TransportFault } from '../plugins/transports/spec.ts';

/**
 * A host in memory that understands the programs which the executor runs, so that it can be killed between any two of them. Installation goes step by
 * step: unpack, then configure; a unit goes on with every look at it, as a real one goes on by itself.
 */
export interface SimulatedPackage {
  version: string;
  state: 'installed' | 'unpacked' | 'half-configured' | 'half-installed';
  held: boolean;
  reinstall: boolean;
}

interface Unit {
  steps: (() => void)[];
  code: number | null;
  killed: boolean;
}

const OK: CommandResult = { code: 0, signal: null, stdout: '', stderr: '', timedOut: false, truncated: false };
const ok = (stdout = ''): CommandResult => ({ ...OK, stdout });
const no = (code: number, stderr: string): CommandResult => ({ ...OK, code, stderr });

export class SimulatedHost implements Transport {
  readonly reach = 'ssh' as const;
  readonly canBeRoot = true;
  readonly packages = new Map<string, SimulatedPackage>();
  readonly offered = new Set<string>();
  readonly units = new Map<string, Unit>();
  readonly logs = new Map<string, string>();
  readonly services = new Map<string, 'active' | 'failed'>();
  /** How often each changing program was started. */
  readonly starts: string[] = [];
  bootId = 'boot-1';
  boots = 1;
  /** Packages whose maintainer script fails. */
  readonly broken = new Set<string>();
  /** Units that map a package's replaced files until they are restarted. */
  stale = new Map<string, string>();
  restartable = new Map<string, string>();
  repository: string | null = null;
  lockedBy: string | null = null;
  /** Files in the folder of hooks: what they do, and the code that they end with. */
  readonly hooks = new Map<string, { code: number; does?: () => void; mode?: string; owner?: string }>();
  /** Runs of hooks to their end: phase, name, outcome that they were told. */
  readonly hookRuns: string[] = [];
  rebootFlag = false;
  /** Called before each program; throws to cut the connection or end the observer. */
  before: (argv: readonly string[]) => void = () => {};
  after: (argv: readonly string[]) => void = () => {};

  constructor(packages: Readonly<Record<string, string>>, offered: readonly string[]) {
    for (const [name, version] of Object.entries(packages))
      this.packages.set(name, { version, state: 'installed', held: false, reinstall: false });
    for (const one of [...offered, ...Object.entries(packages).map(([name, version]) => `${name}=${version}`)]) this.offered.add(one);
  }

  async connect(): Promise<void> {}
  async close(): Promise<void> {}
  async readFile(path: string): Promise<Uint8Array | null> {
    this.before(['read', path]);
    return path.endsWith('boot_id') ? Buffer.from(`${this.bootId}\n`) : null;
  }

  async run(argv: readonly string[], options: Parameters<Transport['run']>[1]): Promise<CommandResult> {
    this.before(argv);
    const result = this.perform(argv);
    options.onOutput?.(result.stdout, 'stdout');
    this.after(argv);
    return result;
  }

  /** The plug is pulled: programs end where they are, and the host comes back with another boot id. */
  losePower(): void {
    for (const unit of this.units.values()) unit.steps = [];
    this.units.clear();
    this.boots++;
    this.bootId = `boot-${this.boots}`;
    this.rebootFlag = false;
    this.stale.clear();
  }

  unreachable(): never {
    throw new TransportFault('unreachable', 'h: Connection refused', '');
  }

  private perform(argv: readonly string[]): CommandResult {
    const [program = ''] = argv;
    const text = argv.join(' ');
    if (program === 'dpkg-query' && argv[1] === '-W') return ok(this.list());
    if (program === 'dpkg-query') return ok([...this.stale.values()].map(name => `${name}: /usr/lib/${name}.so`).join('\n'));
    if (program === 'apt-get' && text.includes(' update ')) return this.repository === null ? OK : no(100, this.repository);
    if (program === 'apt-get' && text.includes(' check '))
      return this.lockedBy === null
        ? OK
        : no(100, `E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process ${this.lockedBy}`);
    if (program === 'apt-get' && text.includes('--print-uris')) return ok("'http://m/a.deb' a.deb 1000 \n");
    if (program === 'apt-get' && text.includes('-s '))
      return text.includes(' -f ')
        ? ok(
            this.fixes()
              .map(name => `Conf ${name} (1 X:1 [amd64])`)
              .join('\n'),
          )
        : this.simulate(argv);
    if (program === 'apt-get' && text.includes(' -d ')) return this.repository === null ? OK : no(100, this.repository);
    if (program === 'systemd-run') return this.startUnit(argv);
    if (program === 'systemctl') return this.systemctl(argv);
    if (program === 'tail') return this.tail(argv);
    if (program === 'test' && argv[1] === '-e') return this.logs.has(argv[2]!) ? OK : no(1, '');
    if (program === 'find' && text.includes('hooks.d')) return this.findHooks(argv);
    if (program === 'find' && text.includes('maps'))
      return ok(
        [...this.stale].map(([unit, name]) => `/proc/${pidOf(unit)}/maps:1-2 r-xp 0 0:1 5 /usr/lib/${name}.so (deleted)`).join('\n'),
      );
    if (program === 'find' && text.includes('/run/reboot-required')) return ok(this.rebootFlag ? '/run/reboot-required' : '');
    if (program === 'grep' && text.includes('/etc/os-release'))
      return ok(`/etc/os-release:ID=debian\n/etc/os-release:VERSION_ID="12"\n/proc/sys/kernel/random/boot_id:${this.bootId}\n`);
    if (program === 'grep' && text.includes('cgroup'))
      return ok(
        [...this.stale.keys()]
          .map(unit => `/proc/${pidOf(unit)}/status:Name:\tx\n/proc/${pidOf(unit)}/cgroup:0::/system.slice/${unit}`)
          .join('\n'),
      );
    if (program === 'sha256sum')
      return ok(
        argv
          .slice(2)
          .map(file => `${'a'.repeat(64)}  ${file}`)
          .join('\n'),
      );
    if (program === 'apt-cache')
      return ok(
        argv
          .slice(2)
          .map(
            one =>
              `Package: ${one.split('=')[0]}\nVersion: ${one.split('=')[1]}\nArchitecture: amd64\nSHA256: ${'a'.repeat(64)}\nFilename: x\n`,
          )
          .join('\n'),
      );
    if (program === 'dpkg' && argv[1] === '--print-architecture') return ok('amd64\n');
    if (program === 'id') return ok('0\n');
    if (program === 'df')
      return ok(
        `Mounted on Avail\n${argv
          .slice(4)
          .map(() => '/ 99000000000')
          .join('\n')}\n`,
      );
    if (program === 'uname') return ok('6.1.0-1-amd64\n');
    return OK;
  }

  private list(): string {
    return [...this.packages]
      .map(([name, p]) =>
        [name, p.version, 'amd64', p.held ? 'hold' : 'install', p.reinstall ? 'reinstreq' : 'ok', p.state, name, p.version].join('\t'),
      )
      .join('\n');
  }

  private changes(argv: readonly string[]): { name: string; version: string }[] {
    return argv
      .slice(argv.indexOf('--', argv.indexOf('install')) + 1)
      .map(one => ({ name: one.split('=')[0]!, version: one.split('=')[1] ?? '' }));
  }

  private simulate(argv: readonly string[]): CommandResult {
    const changes = this.changes(argv);
    const missing = changes.find(c => !this.offered.has(`${c.name}=${c.version}`));
    if (missing) return no(100, `E: Version '${missing.version}' for '${missing.name}' was not found`);
    return ok(
      changes
        .filter(c => this.packages.get(c.name)?.version !== c.version)
        .map(c => `Inst ${c.name} ${this.packages.has(c.name) ? `[${this.packages.get(c.name)!.version}] ` : ''}(${c.version} X:1 [amd64])`)
        .join('\n'),
    );
  }

  private startUnit(argv: readonly string[]): CommandResult {
    const name = argv.find(a => a.startsWith('--unit='))!.slice(7);
    if (this.units.has(name))
      return no(1, `Failed to start transient service unit: Unit ${name}.service was already loaded or has a fragment file.`);
    const log = argv.find(a => a.startsWith('--property=StandardOutput=append:'))!.slice('--property=StandardOutput=append:'.length);
    this.logs.set(log, '');
    this.starts.push(name);
    const program = argv.slice(argv.indexOf('--') + 1);
    const unit: Unit = { steps: [], code: null, killed: false };
    const say = (text: string) => this.logs.set(log, `${this.logs.get(log) ?? ''}${text}\n`);
    const configure = (p: string) => () => {
      if (this.broken.has(p) && this.packages.get(p)!.version.endsWith('b')) {
        this.packages.get(p)!.state = 'half-configured';
        say(
          `dpkg: error processing package ${p} (--configure):\n installed ${p} package post-installation script subprocess returned error exit status 1`,
        );
        unit.code = program[0] === 'dpkg' ? 1 : 100;
      } else this.packages.get(p)!.state = 'installed';
    };
    if (program[0] === 'apt-get' && !program.includes('-f')) {
      const changes = this.changes(program);
      unit.steps = [
        ...changes.map(c => () => {
          const known = this.packages.get(c.name) ?? { version: c.version, state: 'unpacked' as const, held: false, reinstall: false };
          this.packages.set(c.name, Object.assign(known, { version: c.version, state: 'unpacked' as const }));
        }),
        ...changes.map(c => configure(c.name)),
        () => {
          for (const [unitName, name] of this.restartable) if (changes.some(c => c.name === name)) this.stale.set(unitName, name);
        },
      ];
    } else if (program[0] === 'env') unit.steps = [() => this.runHook(program, unit, say)];
    else unit.steps = this.fixes().map(configure);
    this.units.set(name, unit);
    return OK;
  }

  private findHooks(argv: readonly string[]): CommandResult {
    if (this.hooks.size === 0) return no(1, 'find: ‘/etc/fettle/hooks.d’: No such file or directory');
    if (argv.includes('-mindepth'))
      return ok([...this.hooks].map(([name, { mode, owner }]) => `${owner ?? '0'} ${mode ?? '755'} f ${name}`).join('\n'));
    return ok(argv.includes('-printf') ? '0 755 d \n0 755 d etc\n0 755 d fettle\n0 755 d hooks.d\n' : '/etc/fettle/hooks.d\n');
  }

  private runHook(program: readonly string[], unit: Unit, say: (text: string) => void): void {
    const name = program.at(-1)!.split('/').at(-1)!;
    const word = (key: string) => program.find(one => one.startsWith(`${key}=`))?.slice(key.length + 1);
    const hook = this.hooks.get(name)!;
    this.hookRuns.push(`${word('FETTLE_PHASE')} ${name} ${word('FETTLE_OUTCOME')}`);
    hook.does?.();
    say(`${name} says something`);
    unit.code = hook.code;
  }

  private fixes(): string[] {
    return [...this.packages].filter(([, p]) => p.state !== 'installed').map(([name]) => name);
  }

  private advance(unit: Unit): void {
    const step = unit.steps.shift();
    step?.();
    if (unit.steps.length === 0) unit.code ??= 0;
  }

  private systemctl(argv: readonly string[]): CommandResult {
    const name = argv.at(-1)!.replace(/\.service$/, '');
    if (argv[1] === 'show' && argv.join(' ').includes('LoadState')) {
      const unit = this.units.get(name);
      if (!unit) return ok('LoadState=not-found\nActiveState=inactive\n');
      if (unit.code === null) {
        this.advance(unit);
        return ok('LoadState=loaded\nActiveState=active\nMainPID=7\nExecMainCode=0\nExecMainStatus=0\n');
      }
      return ok(
        `LoadState=loaded\nActiveState=${unit.code === 0 ? 'active' : 'failed'}\nMainPID=0\nExecMainCode=${unit.killed ? 2 : 1}\nExecMainStatus=${unit.code}\n`,
      );
    }
    if (argv[1] === 'show')
      return ok(
        argv
          .slice(argv.indexOf('--') + 1)
          .map(unit => `Id=${unit}\nMainPID=${pidOf(unit)}\n`)
          .join('\n'),
      );
    if (argv[1] === 'list-units')
      return ok(
        [...this.services].map(([unit, state]) => `${unit} loaded ${state} ${state === 'active' ? 'running' : 'failed'} x`).join('\n'),
      );
    if (argv[1] === 'try-restart') this.stale.delete(argv.at(-1)!);
    if (argv[1] === 'stop') this.units.delete(name);
    if (argv.includes('reboot')) this.losePower();
    return OK;
  }

  private tail(argv: readonly string[]): CommandResult {
    for (const unit of this.units.values()) while (argv.includes('-f') && unit.code === null) this.advance(unit);
    return ok(this.logs.get(argv.at(-1)!) ?? '');
  }
}

function pidOf(unit: string): number {
  return 1000 + [...unit].reduce((sum, c) => sum + c.charCodeAt(0), 0);
}
