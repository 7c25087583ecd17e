import type { Enrichment } from '../../../core/advisories/claim.ts';
import { CPE_RELEASE } from '../../../core/advisories/releases.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import {
  asObject,
  type JsonObject,
  listOf,
  objectOrNull,
  objectsOf,
  optionalText,
  pastDay,
  vulnerabilityId,
  WithdrawnRecord,
} from '../records.ts';
import type { AdvisorySource } from '../spec.ts';
import { cpeClaimsOf } from './cpe-claims.ts';

/**
 * The NVD's API 2.0 answers and yearly files: CVSS vectors and dates, for whoever names no CPE. Whoever names products by their CPE gets what its configurations say of these,
 * and nothing else (docs/decisions/0010-cpe.md): never of a distribution's packages, whose versions are not the vendor's.
 */
export const nvd: AdvisorySource = {
  id: 'nvd',
  title: 'National Vulnerability Database',
  licence: 'public domain (USA)',
  homepage: 'https://nvd.nist.gov/',
  // The last eight days, kept beside what was loaded before; a year is imported by its own URL (nvdcve-2.0-2026.json.gz) as a part of its own.
  defaultUrl: 'https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-modified.json.gz',
  beside: ['.meta'],
  format: 'API 2.0 JSON {"format":"NVD_CVE", "vulnerabilities":[{"cve":{"id", "metrics"}}]}',
  provides: 'enrichment',
  speaksByCpe: true,
  recognise: head => /"format"\s*:\s*"NVD_CVE"/.test(head.text.slice(0, 4000)),
  reader(context) {
    let stamped: string | null = null;
    let hasConfigurations = false;
    const reader = jsonEntriesReader({
      open: ['vulnerabilities'],
      entry({ container, key }, value, into) {
        if (container === '') {
          if (key === 'timestamp') stamped = pastDay(value, context.today);
          return;
        }
        const cve = asObject(asObject(value).cve, 'cve');
        const isRejected = cve.vulnStatus === 'Rejected';
        // Who asks by CPE alone has nothing of it but what another file says.
        if (isRejected && context.cpeProducts === undefined)
          throw new WithdrawnRecord(vulnerabilityId(cve.id), `${String(cve.id)} is rejected`);
        const id = vulnerabilityId(cve.id);
        if (context.cpeProducts !== undefined) {
          hasConfigurations ||= !isRejected && listOf(cve.configurations).length > 0;
          const claims = isRejected ? [] : cpeClaimsOf(cve, id, context.cpeProducts, context.today, reason => into.remark(id, reason));
          context.cpeRecord?.({ vulnerabilityId: id, modifiedAtMs: modifiedAtMs(cve, context.today), claims });
          for (const claim of claims) into.add({ kind: 'claim', claim });
          return;
        }
        const enrichment: Enrichment = {
          vulnerabilityId: id,
          title: null,
          publishedOn: pastDay(cve.published, context.today),
          kev: null,
          ssvc: null,
          cvss: vectorsOf(objectOrNull(cve.metrics) ?? {}),
          epss: null,
        };
        into.add({ kind: 'enrichment', enrichment });
      },
      dataDate: () => stamped,
    });
    return { ...reader, covers: () => (hasConfigurations ? [CPE_RELEASE] : []) };
  },
};

function modifiedAtMs(cve: JsonObject, today: string): number {
  const stated = String([cve.lastModified, cve.published].find(text => pastDay(text, today) !== null));
  // UTC, which the NVD leaves out.
  return Date.parse(`${stated}Z`) || Date.parse(stated) || 0;
}

function vectorsOf(metrics: JsonObject): { source: string; vector: string }[] {
  return ['cvssMetricV40', 'cvssMetricV31', 'cvssMetricV30', 'cvssMetricV2'].flatMap(field =>
    objectsOf(metrics[field]).flatMap(metric => {
      const vector = optionalText(objectOrNull(metric.cvssData) ?? {}, 'vectorString');
      return vector === null ? [] : [{ source: optionalText(metric, 'source') ?? 'nvd', vector }];
    }),
  );
}
