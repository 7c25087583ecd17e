const lines = (records: readonly unknown[]) => records.map(record => `${JSON.stringify(record)}\n`).join('');
const VECTOR = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
const isPlain = (word: string) => word === 'plain';
const cve = (n: number) => `CVE-2024-${1_000 + n}`;

/** A record of each publisher's form with one word of somebody else's choice; `n` makes it another record. */
export const FORMS: readonly { readonly feed: string; readonly file: string; readonly of: (words: readonly string[]) => string }[] = [
  {
    feed: 'kev',
    file: 'kev.json',
    of: words =>
      JSON.stringify({
        title: 'x',
        catalogVersion: '1',
        dateReleased: '2026-01-01',
        vulnerabilities: words.map((word, n) => ({
          cveID: cve(n),
          vulnerabilityName: word,
          dateAdded: '2024-01-01',
          dueDate: '2024-02-01',
        })),
      }),
  },
  {
    feed: 'nvd',
    file: 'nvd.json',
    of: words =>
      JSON.stringify({
        format: 'NVD_CVE',
        vulnerabilities: words.map((word, n) => ({
          cve: { id: cve(n), metrics: { cvssMetricV31: [{ source: word, cvssData: { vectorString: VECTOR } }] } },
        })),
      }),
  },
  {
    feed: 'vulnrichment',
    file: 'vulnrichment.jsonl',
    of: words =>
      lines(
        words.map((word, n) => ({
          cve: cve(n),
          published: '2024-01-01',
          updated: '2024-01-01',
          title: word,
          ssvc: { e: word },
          cvss: [[word, VECTOR]],
        })),
      ),
  },
  {
    feed: 'epss',
    file: 'epss.csv',
    of: words => `cve,epss,percentile\n${words.map((word, n) => `${cve(n)},0.1${isPlain(word) ? '' : word},0.2\n`).join('')}`,
  },
  {
    feed: 'endoflife',
    file: 'endoflife.jsonl',
    of: words =>
      lines(
        words.map((word, n) => ({
          title: 'x',
          addedAt: '',
          product: `p${n}${word}`,
          releases: [{ releaseCycle: word, eol: word === 'plain' || word, latest: word }],
        })),
      ),
  },
  {
    feed: 'arch',
    file: 'arch.json',
    of: words =>
      JSON.stringify(
        words.map((word, n) => ({
          name: `AVG-${n}${isPlain(word) ? '' : word}`,
          packages: ['x'],
          status: 'Fixed',
          type: word,
          fixed: '1-1',
          issues: [cve(n)],
        })),
      ),
  },
  {
    feed: 'github',
    file: 'github.json',
    of: words =>
      JSON.stringify(
        words.map((word, n) => ({
          ghsa_id: `GHSA-aaaa-bbbb-${1_000 + n}`,
          summary: word,
          severity: word,
          vulnerabilities: [
            { package: { ecosystem: 'npm', name: 'x' }, vulnerable_version_range: '< 2.0.0' },
            { package: { ecosystem: word, name: 'x' }, vulnerable_version_range: word },
          ],
        })),
      ),
  },
  {
    feed: 'osv',
    file: 'osv.jsonl',
    of: words =>
      lines(
        words.map((word, n) => ({
          id: `PYSEC-1-${n}`,
          modified: '2026-01-01T00:00:00Z',
          summary: word,
          aliases: [`CVE-2024-${word}`],
          database_specific: { severity: word },
          affected: [
            { package: { ecosystem: 'PyPI', name: 'x' }, versions: ['1.0', word] },
            { package: { ecosystem: 'npm', name: 'x' }, versions: ['1.0.0', word] },
            ...(isPlain(word) ? [] : [word, `${word}:1`, `Debian:${word}`]).map(ecosystem => ({
              package: { ecosystem, name: word },
              versions: ['1.0'],
            })),
          ],
        })),
      ),
  },
  {
    feed: 'debian-tracker',
    file: 'tracker.json',
    of: words =>
      JSON.stringify(
        Object.fromEntries(
          words.map((word, n) => [
            `p${n}`,
            {
              [cve(n)]: {
                description: word,
                releases: { bookworm: { status: 'open', urgency: word, nodsa: word, nodsa_reason: word }, [word]: { status: word } },
              },
            },
          ]),
        ),
      ),
  },
  {
    feed: 'debian-notices',
    file: 'notices.jsonl',
    of: words =>
      lines(
        words.map((word, n) => ({
          id: `DSA-${n}-1`,
          date: '2024-01-01',
          title: word,
          cves: [cve(n)],
          fixed: { bookworm: { x: '1', y: `<${word}>` }, [word]: { x: '1' } },
        })),
      ),
  },
  {
    feed: 'ubuntu',
    file: 'ubuntu.jsonl',
    of: words =>
      lines(
        words.map((word, n) => ({
          cve: cve(n),
          pub: '',
          prio: word,
          pkgs: { x: { jammy: ['released', '1'], focal: [word, word], [word]: ['released', '1'] } },
          cvss: [[word, VECTOR]],
        })),
      ),
  },
  {
    feed: 'almalinux-errata',
    file: 'alma.jsonl',
    of: words =>
      lines(
        words.map((word, n) => ({
          id: `ALSA-2024:${n}`,
          summary: `Important: nodejs:${word} security`,
          modified: '',
          cves: [cve(n)],
          fixed: { 'AlmaLinux:9': { x: '1-1.module_el9', y: word }, [word]: { x: '1-1' }, [`AlmaLinux:${word}`]: {} },
        })),
      ),
  },
  {
    feed: 'alpine-secdb',
    file: 'alpine.json',
    of: words =>
      JSON.stringify({
        distroversion: 'v3.22',
        packages: words.map((word, n) => ({ pkg: { name: `p${n}`, secfixes: { '1-r0': [cve(n), word], [word]: [word, cve(n)] } } })),
      }),
  },
  {
    feed: 'rocky-updateinfo',
    file: 'updateinfo.xml',
    of: words =>
      `<updates>${words
        .map(word => Array.from(word, character => `&#${character.codePointAt(0)};`).join(''))
        .map(
          (word, n) =>
            `<update type="security"><id>RLSA-2024:${n}</id><title>${word}</title><severity>${word}</severity><references><reference type="cve" id="${cve(n)}"/></references>` +
            `<pkglist><collection><name>Rocky Linux 9</name><module name="${word}" stream="1"/><package name="x" version="1" release="1.module+el9" epoch="0"/>` +
            `<package name="y" version="${word}" release="1" epoch="${word}"/></collection></pkglist></update>`,
        )
        .join('')}</updates>`,
  },
  {
    feed: 'openvex',
    file: 'openvex.json',
    of: words =>
      JSON.stringify({
        '@context': 'https://openvex.dev/ns/v0.2.0',
        author: 'Debian Security Team',
        statements: words.flatMap((word, n) => [
          {
            vulnerability: { name: cve(n) },
            products: ['pkg:npm/x@1.0.0', ...(isPlain(word) ? [] : [`pkg:${word}/x@1`, `pkg:deb/debian/x@1?distro=${word}-1`])],
            status: 'affected',
            status_notes: word,
          },
          ...(isPlain(word) ? [] : [{ vulnerability: { name: cve(n) }, products: ['pkg:npm/x@1.0.0'], status: word }]),
        ]),
      }),
  },
  {
    feed: 'cyclonedx-vex',
    file: 'cyclonedx.json',
    of: words =>
      JSON.stringify({
        bomFormat: 'CycloneDX',
        metadata: { supplier: { name: 'Oracle' } },
        components: words.map(word => ({ 'bom-ref': word, purl: 'pkg:npm/x@1.0.0' })),
        vulnerabilities: words.flatMap((word, n) => [
          {
            id: cve(n),
            analysis: { state: 'exploitable', detail: word },
            affects: [{ ref: word, versions: [{ version: '1.0.0', status: word }] }],
          },
          { id: cve(n), analysis: { state: word }, affects: [{ ref: word }] },
        ]),
      }),
  },
  {
    feed: 'csaf',
    file: 'csaf.json',
    of: words =>
      JSON.stringify({
        document: { csaf_version: '2.0', title: words.join(), publisher: { name: 'Oracle' }, tracking: { id: words.join() } },
        product_tree: { full_product_names: [{ product_id: 'P', name: 'x', product_identification_helper: { purl: 'pkg:pypi/x@1.0' } }] },
        vulnerabilities: words.map((word, n) => ({
          cve: cve(n),
          threats: [{ category: 'impact', details: word }],
          product_status: { known_affected: ['P', word], [word]: ['P'] },
          remediations: [
            { category: word, product_ids: ['P'] },
            { category: 'none_available', group_ids: [word] },
          ],
        })),
      }),
  },
];
