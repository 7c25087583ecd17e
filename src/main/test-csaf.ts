import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FeedSite } from './test-feed-site.ts';

/** One document of Red Hat's, as far as a statement needs it. */
export function redhatDocument(id: string, cve: string, version: string): string {
  const product = (name: string, helper: object) => ({ name, product_id: name, product_identification_helper: helper });
  return JSON.stringify({
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { category: 'vendor', name: 'Red Hat Product Security', namespace: 'https://www.redhat.com' },
      title: id,
      tracking: { id, current_release_date: '2026-11-01T00:00:00Z' },
    },
    product_tree: {
      branches: [
        { category: 'product_name', name: 'rhel', product: product('rhel', { cpe: 'cpe:/o:redhat:enterprise_linux:9' }) },
        { category: 'product_version', name: 'build', product: product('build', { purl: `pkg:rpm/redhat/p@${version}?arch=x86_64` }) },
      ],
      relationships: [
        {
          category: 'default_component_of',
          full_product_name: { name: 'p on rhel', product_id: 'rhel:build' },
          product_reference: 'build',
          relates_to_product_reference: 'rhel',
        },
      ],
    },
    vulnerabilities: [{ cve, product_status: { fixed: ['rhel:build'] } }],
  });
}

/** As a publisher packs its documents, in folders by year. */
export function tarOf({ folder: parent }: Pick<FeedSite, 'folder'>, documents: Readonly<Record<string, string>>): Buffer {
  const folder = mkdtempSync(path.join(parent, 'tar-'));
  for (const [name, text] of Object.entries(documents)) {
    mkdirSync(path.dirname(path.join(folder, 'in', name)), { recursive: true });
    writeFileSync(path.join(folder, 'in', name), text);
  }
  execFileSync('tar', ['-C', path.join(folder, 'in'), '-czf', path.join(folder, 'out.tar.gz'), '.']);
  return readFileSync(path.join(folder, 'out.tar.gz'));
}
