import { createWriteStream, openAsBlob, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, define, UsageError } from '../command.ts';
import { counted } from '../screen.ts';
import { follow } from './feed-follow.ts';
import { signerCommands } from './feed-signers.ts';
import { ageOf, dayOf, inTime } from './feed-times.ts';

/** The server streams; what arrives is renamed to its name only when all of it is there. */
async function save(response: Response, file: string): Promise<number> {
  const part = `${file}.part`;
  let bytes = 0;
  try {
    await pipeline(
      Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]).on('data', (chunk: Buffer) => (bytes += chunk.length)),
      createWriteStream(part),
    );
    const stated = Number(response.headers.get('content-length'));
    if (bytes !== stated) throw new UsageError(`the server broke off after ${bytes} of ${stated} bytes: its log says why`);
    renameSync(part, file);
    return bytes;
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

const ACCEPT = { flags: '--accept-shrunken', summary: 'take it although it has far fewer records than before' };

function acceptOf(options: Readonly<Record<string, unknown>>): { accept?: 'shrunken' } {
  return options.acceptShrunken === true ? { accept: 'shrunken' } : {};
}

export const feedCommands: readonly Command[] = [
  define({
    name: 'feed list',
    summary: 'Advisory feeds: state, records, licence, URL',
    run: async c => await c.client.feedList({}),
    render: (value, screen) =>
      screen.table(
        [
          { title: 'feed' },
          { title: 'state' },
          { title: 'records', align: 'right' },
          { title: 'put aside', align: 'right' },
          { title: 'data of' },
          { title: 'loaded' },
          { title: 'licence', widthMax: 24 },
          { title: 'url', widthMax: 50 },
          { title: 'message', widthMax: 60 },
        ],
        value.items.map(f => [
          f.id,
          f.enabled ? f.state : 'off',
          f.records,
          f.quarantined,
          f.dataDate,
          dayOf(f.loadedAt),
          f.licence,
          f.url,
          f.message,
        ]),
      ),
  }),
  define({
    name: 'feed status',
    summary: 'Freshness of every feed that is used: age, records, put aside, licence, last error, next sync; and the last imports',
    example: 'fettle feed status --all',
    options: [{ flags: '--all', summary: 'also feeds that were never loaded and are off' }],
    run: async c => {
      const [{ items }, imports] = [await c.client.feedList({}), await c.client.feedImportList({})];
      const used = items.filter(feed => c.options.all === true || feed.enabled || feed.state !== 'never-loaded');
      return { now: new Date().toISOString(), items: used, imports: imports.items.slice(0, 5) };
    },
    render(value, screen) {
      screen.table(
        [
          { title: 'feed' },
          { title: 'state' },
          { title: 'age', align: 'right' },
          { title: 'stale from', align: 'right' },
          { title: 'records', align: 'right' },
          { title: 'put aside', align: 'right' },
          { title: 'checked' },
          { title: 'next sync' },
          { title: 'vouched by' },
          { title: 'licence', widthMax: 24 },
        ],
        value.items.map(f => [
          f.id,
          f.state,
          ageOf(f.freshAt, value.now),
          `${Math.round(f.staleAfterHours / 24)} d`,
          f.records,
          f.quarantined,
          ageOf(f.checkedAt, value.now, ' ago'),
          f.enabled ? inTime(f.nextSyncAt, value.now) : 'by import',
          f.integrity?.level,
          f.licence,
        ]),
      );
      for (const f of value.items) if (f.message !== null) screen.line(`${f.id}: ${f.message}`);
      for (const f of value.items) if (f.integrity !== null) screen.line(`${f.id}: ${f.integrity.note}`);
      for (const f of value.items)
        if (f.quarantined > 0) screen.line(`${f.id}: put aside, for example ${f.quarantineSample[0]}; more: fettle feed put-aside ${f.id}`);
      const bad = value.items.filter(f => f.state === 'failed' || f.state === 'refused' || f.state === 'stale');
      screen.line(
        bad.length === 0
          ? `${counted(value.items.length, 'feed')}, all current or not loaded yet`
          : `${bad.length} of ${counted(value.items.length, 'feed')} ${bad.length === 1 ? 'needs' : 'need'} a look: ${bad.map(f => f.id).join(', ')}`,
      );
      for (const one of value.imports)
        if (one.state !== 'done') screen.line(`import of ${one.location}: ${one.state}${one.message === null ? '' : `, ${one.message}`}`);
    },
  }),
  define({
    name: 'feed sync',
    summary: 'Fetch a feed now',
    arguments: [{ name: 'id', summary: 'feed id, see `fettle feed list`' }],
    options: [ACCEPT, { flags: '--no-wait', summary: 'print the id and do not wait for its end' }],
    async run(c) {
      const started = await c.client.feedSync({ params: { id: c.arguments[0]! }, query: acceptOf(c.options) });
      return c.options.wait === false ? started : await follow(c, started);
    },
    render(value, screen) {
      if (value.state === 'running')
        return screen.line(`started as ${value.id}: \`fettle feed import-status ${value.id}\` says how far it is`);
      for (const f of value.items) {
        screen.line(`${f.id}: ${f.state}, ${counted(f.records, 'record')}${f.message === null ? '' : `, ${f.message}`}`);
        if (f.integrity !== null) screen.line(`${f.id}: ${f.integrity.note}`);
      }
    },
  }),
  define({
    name: 'feed put-aside',
    summary: 'Records of a feed that were put aside, each with the reason: the first of each file, and how many there are',
    arguments: [{ name: 'id', summary: 'feed id, see `fettle feed list`' }],
    run: async c => await c.client.feedQuarantine({ params: { id: c.arguments[0]! } }),
    render(value, screen) {
      if (value.items.length === 0) return screen.line('none');
      screen.table(
        [
          { title: 'file', widthMax: 30 },
          { title: 'record', widthMax: 50 },
          { title: 'reason', widthMax: 120 },
        ],
        value.items.map(one => [one.part, one.record, one.reason]),
      );
      screen.line(`${value.items.length} of ${counted(value.total, 'record')} put aside`);
    },
  }),
  define({
    name: 'feed set',
    summary: 'Set the URL of a feed, or switch it on or off',
    arguments: [{ name: 'id', summary: 'feed id' }],
    options: [
      { flags: '--url <url>', summary: 'where to fetch it; more than once where the publisher keeps it in several files', repeat: true },
      { flags: '--on', summary: 'switch on' },
      { flags: '--off', summary: 'switch off' },
    ],
    run: async c =>
      await c.client.feedUpdate({
        params: { id: c.arguments[0]! },
        body: {
          url: (c.options.url as readonly string[] | undefined)?.join(' '),
          ...(c.options.on === true ? { enabled: true } : c.options.off === true ? { enabled: false } : {}),
        },
      }),
    render: (value, screen) => screen.line(`${value.id}: ${value.enabled ? 'on' : 'off'}, ${value.url ?? 'no URL'}`),
  }),
  define({
    name: 'feed import',
    summary: 'Import a feed file, a folder of them, a bundle or a URL; the format is recognised by content',
    example: 'fettle feed import fettle-feeds-2026-11-22.tar --upload',
    arguments: [{ name: 'location', summary: 'file, folder, bundle or URL' }],
    options: [
      { flags: '--upload', summary: 'send the file from here instead of letting the server read it' },
      ACCEPT,
      { flags: '--no-wait', summary: 'print the id of the import and do not wait for its end' },
    ],
    async run(c) {
      const location = c.arguments[0]!;
      const started =
        c.options.upload === true
          ? await c.client.feedUpload({
              query: { fileName: path.basename(location), ...acceptOf(c.options) },
              body: await openAsBlob(location),
            })
          : await c.client.feedImport({
              body: { location: /^https?:\/\//.test(location) ? location : path.resolve(location), ...acceptOf(c.options) },
            });
      return c.options.wait === false ? started : await follow(c, started);
    },
    render(value, screen) {
      if (value.state === 'running') {
        screen.line(`started as ${value.id}: \`fettle feed import-status ${value.id}\` says how far it is`);
        return;
      }
      screen.table(
        [
          { title: 'feed' },
          { title: 'state' },
          { title: 'records', align: 'right' },
          { title: 'put aside', align: 'right' },
          { title: 'message', widthMax: 80 },
        ],
        value.items.map(f => [f.id, f.state, f.records, f.quarantined, f.message]),
      );
      for (const skipped of value.skipped) screen.line(`skipped ${skipped.file}: ${skipped.reason}`);
    },
  }),
  define({
    name: 'feed import-status',
    summary: 'How far an import is, file by file',
    arguments: [{ name: 'id', summary: 'as `fettle feed import --no-wait` printed it' }],
    run: async c => await c.client.feedImportGet({ params: { id: c.arguments[0]! } }),
    render(value, screen) {
      screen.table(
        [
          { title: 'file', widthMax: 50 },
          { title: 'feed' },
          { title: 'state' },
          { title: 'records', align: 'right' },
          { title: 'put aside', align: 'right' },
          { title: 'message', widthMax: 80 },
        ],
        value.files.map(f => [f.file, f.feedId, f.state, f.records, f.quarantined, f.message]),
      );
      screen.line(`${value.id}: ${value.state}${value.message === null ? '' : `, ${value.message}`}`);
    },
  }),
  define({
    name: 'feed export',
    summary: 'Feeds as one signed file, for a site without internet or for `fettle scan --feed`',
    example: 'fettle feed export fettle-feeds.tar --feed debian-tracker --feed kev',
    arguments: [{ name: 'file', summary: 'where to write it' }],
    options: [
      { flags: '--feed <id>', summary: 'only this feed; all that are loaded when left out', repeat: true },
      { flags: '--valid-days <n>', summary: 'after so many days it is refused (30)' },
    ],
    async run(c) {
      const feeds = (c.options.feed as readonly string[] | undefined)?.join(',');
      const validDays = c.number('validDays');
      const response = await c.client.feedExport({
        query: { ...(feeds === undefined ? {} : { feeds }), ...(validDays === undefined ? {} : { validDays }) },
      });
      const file = c.arguments[0]!;
      return { file, bytes: await save(response, file), key: await c.client.feedKey({}) };
    },
    render(value, screen) {
      screen.line(`${value.file}: ${value.bytes} bytes, signed with key ${value.key.id.slice(0, 16)} of ${value.key.installation}`);
      screen.line(`There, once: fettle feed trust ${value.key.publicKey}`);
    },
  }),
  ...signerCommands,
];
