/** What `apt-cache show NAME=VERSION...` says of an offered package, reduced. */
export interface OfferedPackage {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  readonly phasedPercent: number | null;
  /** Archive path; null for the stanza that only the host's status file has. */
  readonly filename: string | null;
}

/** Fields of one control stanza; continuation lines are dropped, no field that is read here has them. */
function fieldsOf(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of stanza.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line[0] !== ' ' && line[0] !== '\t') fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

const whole = (text: string | undefined) => (text !== undefined && /^\d+$/.test(text) ? Number(text) : null);

export function parseOffered(text: string): OfferedPackage[] {
  return text.split(/\n{2,}/).flatMap(stanza => {
    const fields = fieldsOf(stanza);
    const [name, version, arch] = [fields.get('Package'), fields.get('Version'), fields.get('Architecture')];
    if (!name || !version || !arch) return [];
    // `Source: NAME (VERSION)`, either part left out when it equals the binary's own (deb-control(5)).
    const source = /^(\S+)(?: \((\S+)\))?$/.exec(fields.get('Source') ?? name);
    return [
      {
        name,
        arch,
        version,
        sourceName: source?.[1] ?? name,
        sourceVersion: source?.[2] ?? version,
        sizeBytes: whole(fields.get('Size')),
        sha256: fields.get('SHA256') ?? null,
        phasedPercent: whole(fields.get('Phased-Update-Percentage')),
        filename: fields.get('Filename') ?? null,
      },
    ];
  });
}
