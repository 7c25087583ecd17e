import { define, type Screen } from '../command.ts';
import { FINDING_FILTER, findingFilter } from './findings.ts';
import { PATCH_FILTER, patchFilter } from './patches.ts';
import { SEARCH } from './shared.ts';

const printCsv = (value: { readonly csv: string }, screen: Screen) => screen.document(value.csv);

export const exportCommands = [
  define({
    name: 'export vex',
    summary: 'What Fettle says of the packages of the fleet, as OpenVEX or CSAF VEX on standard output',
    example: 'fettle export vex --format csaf --source openssl > openssl.json',
    options: [
      { flags: '--format <format>', summary: 'openvex (default) or csaf' },
      { flags: '--host <host>', summary: 'only what this host has, by name or id' },
      { flags: '--vulnerability <id>', summary: 'only this vulnerability' },
      { flags: '--source <name>', summary: 'only this source package' },
    ],
    run: async c => ({
      document: await c.client.findingVex({
        query: {
          format: c.text('format') as 'openvex',
          host: c.text('host'),
          vulnerability: c.text('vulnerability'),
          source: c.text('source'),
        },
      }),
    }),
    render: (value, screen) => screen.document(value.document),
  }),
  define({
    name: 'export hosts',
    summary: 'Hosts as CSV on standard output',
    example: "fettle export hosts --query 'env = prod' > hosts.csv",
    options: [{ flags: '--query <query>', summary: 'only hosts of this group query' }],
    run: async c => ({ csv: await c.client.hostExport({ query: { query: c.text('query') } }) }),
    render: printCsv,
  }),
  define({
    name: 'export findings',
    summary: 'Findings as CSV on standard output, filtered as `fettle finding list` does',
    example: 'fettle export findings --due overdue > overdue.csv',
    options: [...FINDING_FILTER, SEARCH],
    run: async c => ({ csv: await c.client.findingExport({ query: { search: c.text('search'), ...(await findingFilter(c)) } }) }),
    render: printCsv,
  }),
  define({
    name: 'export patches',
    summary: 'The queue of patches as CSV on standard output, filtered as `fettle patch list` does',
    example: 'fettle export patches --security > patches.csv',
    options: [...PATCH_FILTER, SEARCH],
    run: async c => ({ csv: await c.client.patchExport({ query: { search: c.text('search'), ...(await patchFilter(c)) } }) }),
    render: printCsv,
  }),
];
