import { readFileSync } from 'node:fs';
import type { LocalCommand } from '../cli/local/command.ts';
import { scan } from '../cli/local/scan.ts';
import { exporters } from '../plugins/exporters/catalog.ts';
import { recognisePackageList } from '../plugins/importers/catalog.ts';
import { codeOfThisProgram, type LoadFeeds, ScanCache } from './scan-cache.ts';
import { defaultFeedLocations, scanCacheFolder } from './scan-folders.ts';

/** Thirty readers of formats, loaded when there is something to read. */
const readFeeds: LoadFeeds = async request => (await import('./scan-feeds.ts')).loadFeeds(request);

const loadFeeds: LoadFeeds = request => {
  const folder = request.useCache === false ? null : scanCacheFolder(process.env);
  return folder === null ? readFeeds(request) : new ScanCache(folder, codeOfThisProgram(import.meta.url), readFeeds).loadFeeds(request);
};

/** Wires `fettle scan`: the command, the feed reader and this process. */
export const run: LocalCommand['run'] = (args, io) =>
  scan(args, {
    recogniseList: recognisePackageList,
    thisHost: async () => (await import('./this-host.ts')).thisHost,
    exporter: format => exporters[format](),
    loadFeeds,
    defaultFeeds: defaultFeedLocations(process.env),
    toolVersion: (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version,
    now: () => instantOf(process.env.SOURCE_DATE_EPOCH),
    err: text => io.stderr.write(text),
    outFd: 1,
  });

/** Seconds since 1970 that a build gives all its tools for a reproducible result (reproducible-builds.org); else the clock's. */
function instantOf(epoch: string | undefined): string {
  return new Date(epoch !== undefined && /^\d{1,11}$/.test(epoch) ? Number(epoch) * 1_000 : Date.now()).toISOString();
}
