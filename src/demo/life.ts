import { systemClock } from '../core/kernel/instants.ts';
import type { Context } from '../server/context.ts';
import type { InventoryPort, WakePort } from '../server/ports.ts';
import type { DemoHost } from './demo-host.ts';

/** A host is heard of this often; one at work, and one that was woken, comes sooner. */
const CHECK_IN_MS = 45_000;
const AT_WORK_MS = 7_000;
const WOKEN_MS = 1_500;
const TICK_MS = 500;
/** Hosts that fell silent in the middle of a job are found again after half an hour: a reboot by hand. */
const BACK_AFTER_MS = 30 * 60_000;
const HOSTS_AT_ONCE = 4;

/** Made-up hosts after the story: they check in with the running server, and do what its people ask of them at a pace that can be watched. */
export class Life {
  readonly #hosts: readonly DemoHost[];
  readonly #log: Context['log'];
  readonly #dueMs = new Map<DemoHost, number>();
  readonly #backMs = new Map<DemoHost, number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isBusy = false;
  #stopWaking = (): void => {};

  constructor(hosts: readonly DemoHost[], log: Context['log']) {
    this.#hosts = hosts.filter(host => host.part.reach === 'agent' && host.hostId !== '');
    this.#log = log;
  }

  start(wake: WakePort): void {
    const byId = new Map(this.#hosts.map(host => [host.hostId, host]));
    const now = Date.now();
    for (const [at, host] of this.#hosts.entries()) {
      this.#dueMs.set(host, now + (CHECK_IN_MS * at) / this.#hosts.length);
      if (host.silent && host.part.silentSinceDays === null) this.#backMs.set(host, now + BACK_AFTER_MS);
    }
    this.#stopWaking = wake.onWake(id => {
      const host = byId.get(id);
      if (host !== undefined) this.#dueMs.set(host, Math.min(this.#dueMs.get(host)!, Date.now() + WOKEN_MS));
    });
    this.#timer = setInterval(() => {
      if (this.#isBusy) return;
      this.#isBusy = true;
      this.#running = this.#round().finally(() => (this.#isBusy = false));
    }, TICK_MS);
    this.#timer.unref();
  }

  async #round(): Promise<void> {
    const now = Date.now();
    for (const [host, at] of this.#backMs) {
      if (now < at) continue;
      this.#backMs.delete(host);
      host.silent = false;
    }
    const due = this.#hosts.filter(host => this.#dueMs.get(host)! <= now).values();
    await Promise.all(
      Array.from({ length: HOSTS_AT_ONCE }, async () => {
        for (const host of due) await this.#visit(host);
      }),
    );
  }

  async #visit(host: DemoHost): Promise<void> {
    this.#dueMs.set(host, Date.now() + CHECK_IN_MS);
    try {
      const worked = await host.checkIn();
      if (worked || host.isWorking) this.#dueMs.set(host, Date.now() + AT_WORK_MS);
    } catch (error) {
      this.#log.warn({ host: host.part.name, error: String(error) }, 'a made-up host was refused');
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopWaking();
    await this.#running.catch(() => {});
  }
}

/** After a restart of the server: hosts take up what was last known of them. */
export async function resumeHosts(
  hosts: readonly DemoHost[],
  known: ReadonlyMap<string, string>,
  trusted: readonly string[],
  inventory: InventoryPort,
): Promise<void> {
  for (const host of hosts) {
    const hostId = known.get(host.part.name);
    if (hostId === undefined) continue;
    host.resume(hostId, trusted);
    const facts = await inventory.factsOf(hostId);
    host.machine.adopt(
      await inventory.packagesOf(hostId),
      facts?.facts.kernel?.runningRelease ?? null,
      facts?.facts.bootedAt ?? systemClock.now(),
    );
    host.silent = host.part.silentSinceDays !== null;
  }
}
