import type { AnswerOf } from '../data/ask.ts';

/**
 * Facts travel as an open record (src/api/hosts.ts), because hosts of other ages send other facts. This reads the ones that the console shows;
 * what is absent or has another form is null, and null is shown as unread.
 */
export interface FactsView {
  readonly hostname: string | null;
  readonly addresses: readonly string[];
  readonly machineId: string | null;
  readonly architecture: string | null;
  readonly bootedAt: string | null;
  readonly kernel: {
    readonly runningRelease: string;
    readonly installed: readonly { readonly release: string; readonly packageName: string; readonly version: string }[];
  } | null;
  readonly suites:
    | readonly {
        readonly site: string;
        readonly suite: string;
        readonly codename: string;
        readonly label: string;
        readonly component: string;
        readonly publishedAt: string | null;
      }[]
    | null;
  readonly services: readonly { readonly unit: string; readonly activeState: string; readonly subState: string }[] | null;
  readonly sockets:
    | readonly {
        readonly protocol: string;
        readonly address: string;
        readonly port: number;
        readonly process: string | null;
        readonly unit: string | null;
      }[]
    | null;
  readonly staleProcesses:
    | readonly {
        readonly pid: number;
        readonly command: string;
        readonly unit: string | null;
        readonly files: readonly { readonly path: string; readonly packageName: string | null }[];
      }[]
    | null;
  readonly reboot: { readonly required: boolean; readonly reasons: readonly string[] } | null;
  readonly packageManager: { readonly id: string; readonly healthy: boolean; readonly problems: readonly string[] } | null;
  readonly unread: readonly string[];
}

type Raw = NonNullable<AnswerOf<'hostGet'>['facts']>;
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const list = <Item>(value: unknown): readonly Item[] | null => (Array.isArray(value) ? (value as Item[]) : null);
const thing = <Item extends object>(value: unknown): Item | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Item) : null;

export function factsView(raw: Raw): FactsView {
  return {
    hostname: text(raw.hostname),
    addresses: list<string>(raw.addresses) ?? [],
    machineId: text(raw.machineId),
    architecture: text(raw.architecture),
    bootedAt: text(raw.bootedAt),
    kernel: thing(raw.kernel),
    suites: list(raw.suites),
    services: list(raw.services),
    sockets: list(raw.sockets),
    staleProcesses: list(raw.staleProcesses),
    reboot: thing(raw.reboot),
    packageManager: thing(raw.packageManager),
    unread: list<string>(raw.unread) ?? [],
  };
}
