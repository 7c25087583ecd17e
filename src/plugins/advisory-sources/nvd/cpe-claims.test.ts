import { describe, expect, it } from 'vitest';
import { claimsIn, quarantinedIn, readAll } from '../testkit.ts';
import { nvd } from './index.ts';

const match = (criteria: string, more: object = {}) => ({ vulnerable: true, criteria, matchCriteriaId: 'x', ...more });
const cve = (configurations: readonly object[], more: object = {}) => ({
  cve: {
    id: 'CVE-2026-1000',
    published: '2026-01-02T00:00:00.000',
    lastModified: '2026-03-04T00:00:00.000',
    vulnStatus: 'Analyzed',
    metrics: { cvssMetricV31: [{ source: 'nvd@nist.gov', cvssData: { vectorString: 'x', baseSeverity: 'HIGH' } }] },
    configurations,
    ...more,
  },
});
const answer = (...vulnerabilities: readonly object[]) => JSON.stringify({ format: 'NVD_CVE', version: '2.0', vulnerabilities });
const read = (content: string, ...products: string[]) => readAll(nvd, 'x', content, undefined, { cpeProducts: new Set(products) });
const statements = (configurations: readonly object[], ...products: string[]) =>
  claimsIn(read(answer(cve(configurations)), ...products)).flatMap(claim => claim.cpe ?? []);

const TOOL = 'cpe:2.3:a:acme:tool:*:*:*:*:*:*:*:*';
const OTHER = 'cpe:2.3:a:acme:other:*:*:*:*:*:*:*:*';
const WINDOWS = 'cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*';

describe('what the NVD says by CPE', () => {
  it('is one claim for each product that was asked for, with all of its ranges, and nothing else', () => {
    const items = read(
      answer(
        cve([
          {
            nodes: [
              {
                operator: 'OR',
                negate: false,
                cpeMatch: [match(TOOL, { versionStartIncluding: '1.0', versionEndExcluding: '1.4' }), match(OTHER)],
              },
              { operator: 'OR', negate: false, cpeMatch: [match(TOOL, { versionStartExcluding: '2.0', versionEndIncluding: '2.3' })] },
            ],
          },
        ]),
      ),
      'acme:tool',
    );
    expect(items).toEqual([
      {
        kind: 'claim',
        claim: {
          source: 'nvd',
          vulnerabilityId: 'CVE-2026-1000',
          aliases: [],
          release: 'cpe',
          packageName: 'acme:tool',
          packageKind: 'binary',
          state: 'open',
          fixedVersion: null,
          severity: 'high',
          statedOn: '2026-03-04',
          note: null,
          cpe: [
            { criteria: TOOL, versionStartIncluding: '1.0', versionEndExcluding: '1.4' },
            { criteria: TOOL, versionStartExcluding: '2.0', versionEndIncluding: '2.3' },
          ],
        },
      },
    ]);
  });

  it('is nothing where nobody asks: the server keeps no row of it', () => {
    const items = readAll(nvd, 'x', answer(cve([{ nodes: [{ operator: 'OR', cpeMatch: [match(TOOL)] }] }])));
    expect(items.map(item => item.kind)).toEqual(['enrichment']);
    expect(statements([{ nodes: [{ operator: 'OR', cpeMatch: [match(TOOL)] }] }], 'acme:third')).toEqual([]);
  });

  it('names what it takes besides: another node, another match, and how many more there are', () => {
    const routers = [1, 2, 3, 4, 5, 6].map(n => ({ ...match(`cpe:2.3:h:acme:router_${n}:-:*:*:*:*:*:*:*`), vulnerable: false }));
    const of = (configuration: object) => statements([configuration], 'acme:tool').map(statement => statement.onlyIf);
    const platform = { operator: 'OR', cpeMatch: [{ ...match(WINDOWS), vulnerable: false }] };
    expect(of({ operator: 'AND', nodes: [{ operator: 'OR', cpeMatch: [match(TOOL)] }, platform] })).toEqual([
      'only together with microsoft:windows',
    ]);
    expect(of({ nodes: [{ operator: 'AND', cpeMatch: [match(TOOL), match(OTHER)] }] })).toEqual(['only together with acme:other']);
    expect(
      of({
        operator: 'AND',
        nodes: [
          { operator: 'OR', cpeMatch: [match(TOOL)] },
          { operator: 'OR', cpeMatch: routers },
        ],
      }),
    ).toEqual(['only together with acme:router_1, acme:router_2, acme:router_3, acme:router_4 and 2 more']);
    // One node alone, and nodes of which any is enough.
    expect(of({ operator: 'AND', nodes: [{ operator: 'OR', cpeMatch: [match(TOOL), match(OTHER)] }] })).toEqual([undefined]);
    expect(of({ operator: 'OR', nodes: [{ operator: 'OR', cpeMatch: [match(TOOL)] }, platform] })).toEqual([undefined]);
    expect(of({ nodes: [{ operator: 'OR', negate: true, cpeMatch: [match(TOOL)] }] })).toEqual([
      'in a configuration that is negated, which is not read',
    ]);
  });

  it('says nothing of what is not vulnerable, of rejected records and of records that nobody has analysed', () => {
    expect(statements([{ nodes: [{ operator: 'OR', cpeMatch: [{ ...match(TOOL), vulnerable: false }] }] }], 'acme:tool')).toEqual([]);
    const configurations = [{ nodes: [{ operator: 'OR', cpeMatch: [match(TOOL)] }] }];
    expect(read(answer(cve(configurations, { vulnStatus: 'Rejected' })), 'acme:tool')).toEqual([]);
    expect(read(answer(cve([], { vulnStatus: 'Awaiting Analysis' })), 'acme:tool')).toEqual([]);
  });

  it('finds a product by its name without escapes, and names what is no CPE', () => {
    const quoted = 'cpe:2.3:a:acme\\!:C\\+\\+_tool:1.0:rc1:*:*:*:*:*:*';
    const items = read(answer(cve([{ nodes: [{ operator: 'OR', cpeMatch: [match('cpe:2.3:zz'), match(quoted)] }] }])), 'acme!:c++_tool');
    expect(claimsIn(items).map(claim => claim.packageName)).toEqual(['acme!:c++_tool']);
    expect(quarantinedIn(items)).toMatchObject([
      { record: 'CVE-2026-1000', reason: 'cpe:2.3:zz is no CPE (it names no vendor and product)', isRemark: true },
    ]);
  });

  it('says that a vulnerability is disputed', () => {
    const tagged = cve([{ nodes: [{ operator: 'OR', cpeMatch: [match(TOOL)] }] }], {
      cveTags: [{ sourceIdentifier: 'x', tags: ['disputed'] }],
    });
    expect(claimsIn(read(answer(tagged), 'acme:tool'))[0]?.note).toContain('disputed');
  });

  it('covers CPE names where it has any', () => {
    const covers = (content: string, products?: ReadonlySet<string>) => {
      const reader = nvd.reader({
        fileName: 'x',
        today: '2026-11-22',
        releases: null,
        packages: null,
        ...(products && { cpeProducts: products }),
      });
      reader.push(Buffer.from(content));
      reader.end();
      return [...(reader.covers?.() ?? [])];
    };
    const some = answer(cve([{ nodes: [{ operator: 'OR', cpeMatch: [match(TOOL)] }] }]));
    expect([covers(some, new Set(['x:y'])), covers(some), covers(answer(cve([])), new Set(['x:y']))]).toEqual([['cpe'], [], []]);
  });
});
