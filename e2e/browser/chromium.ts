import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** The browser of the system: playwright-core brings none, and downloads none. */
const CANDIDATES = [process.env.FETTLE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function findChromium(): string | null {
  return CANDIDATES.find(candidate => candidate !== undefined && existsSync(candidate)) ?? null;
}

export function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null)
    throw new Error('the browser suite needs Chromium: install the package chromium, or set FETTLE_CHROMIUM to its path');
  // As root there is no sandbox to have; the rest keeps the browser from calling home.
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--disable-extensions',
  ];
  return chromium.launch({ executablePath, args });
}

/** What a page must never do, whatever the scenario: break its content security policy, throw, or write an error to the console. */
export class Watch {
  readonly faults: string[] = [];
  /** Answers that a scenario provokes on purpose; the browser logs each as an error. */
  readonly #expected = new Set<number>();

  expect(...statuses: number[]): void {
    for (const status of statuses) this.#expected.add(status);
  }

  async attach(context: BrowserContext): Promise<void> {
    await context.exposeBinding('reportCspViolation', (_source, text: string) => void this.faults.push(`content security policy: ${text}`));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', event => {
        (window as unknown as { reportCspViolation(text: string): void }).reportCspViolation(
          `${event.violatedDirective} ${event.blockedURI} ${event.sample}`,
        );
      });
    });
    context.on('page', page => {
      page.on('pageerror', error => this.faults.push(`${page.url()}: ${error.message}`));
      page.on('console', message => {
        const status = Number(/status of (\d+)/.exec(message.text())?.[1]);
        // Said of every page that is neither HTTPS nor localhost, as the lab's address is; it is no fault of the page.
        const ignoredHeader = message.text().startsWith('The Cross-Origin-Opener-Policy header has been ignored');
        if (message.type() === 'error' && !this.#expected.has(status) && !ignoredHeader)
          this.faults.push(`${page.url()}: ${message.text()}`);
      });
    });
  }
}

const shots = path.resolve('dist/browser-pictures');

/** A picture for the reader of a failed run, and with FETTLE_SHOTS=1 of every page. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: false });
}

/** Goes there and waits until the page has its content: no bones, a title. Event streams keep the network busy for ever, so it is not waited for. */
export async function visit(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await settled(page);
}

export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => document.querySelector('[role="status"][aria-label="Loading"]') === null);
}
