import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { gateway, on, whyNoLab } from '../harness/fleet.ts';
import { type RunningServer, startServer } from '../harness/server.ts';
import { launch, Watch } from './chromium.ts';

/** A lab host for the part of the story that patches: `FETTLE_BROWSER_HOST`, up and not enrolled by any other server. */
export const labHost = process.env.FETTLE_BROWSER_HOST ?? 'h01';

export interface Lab {
  readonly host: string;
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** The lab is used when it is up; the suite itself never raises it. */
async function findLab(): Promise<Lab | string> {
  const reason = whyNoLab();
  if (reason !== null) return reason;
  const answer = await on(labHost, 'apt-get', '-q', 'update');
  if (answer.code !== 0) return `lab host ${labHost} does not answer (fleet-lab.sh up)`;
  const simulated = await on(labHost, 'apt-get', '-s', 'install', 'openssl');
  if (!simulated.stdout.includes('Inst openssl')) return `openssl is current on lab host ${labHost} (fleet-lab.sh reset ${labHost})`;
  return { host: labHost };
}

export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
}

/** What the scenarios share: one server on a fresh data folder, one browser, the people at it. */
export class World {
  readonly watch = new Watch();
  readonly password = 'a long walk by the river';
  readonly feeds = process.env.FETTLE_FEEDS ?? path.resolve('../shared/feeds');
  server!: RunningServer;
  browser!: Browser;
  admin!: Visitor;
  lab: Lab | string = 'not looked for';
  #dataDir = '';

  get url(): string {
    return this.server.url;
  }
  get hasFeeds(): boolean {
    return existsSync(this.feeds);
  }

  async start(): Promise<void> {
    this.lab = await findLab();
    if (typeof this.lab === 'string' && process.env.FETTLE_CI) throw new Error(this.lab);
    this.#dataDir = mkdtempSync(path.join(tmpdir(), 'fettle-browser-'));
    // Lab hosts reach the server over the lab's bridge; without a lab it stays on loopback.
    const host = typeof this.lab === 'string' ? '127.0.0.1' : gateway;
    this.server = await startServer({ dataDir: this.#dataDir, port: await freePort(), host });
    this.browser = await launch();
    this.admin = await this.visitor();
  }

  async visitor(options: { readonly width?: number; readonly scheme?: 'light' | 'dark'; readonly like?: Visitor } = {}): Promise<Visitor> {
    const storageState = await options.like?.context.storageState();
    const context = await this.browser.newContext({
      baseURL: this.url,
      viewport: { width: options.width ?? 1440, height: 900 },
      colorScheme: options.scheme ?? 'light',
      ...(storageState ? { storageState } : {}),
    });
    await this.watch.attach(context);
    return { context, page: await context.newPage() };
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    await this.server?.stop();
    if (this.#dataDir) rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
