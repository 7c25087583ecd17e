/**
 * Kernel binaries come from source packages that advisories never name: Debian signs `linux` into `linux-signed-amd64` 6.1.55+1 for `linux` 6.1.55-1,
 * and Ubuntu into `linux-signed`. A plain join by source name misses every kernel vulnerability of a real host (vulnerability-data.md, 0.8).
 * `linux-latest` (Debian 10) and `linux-meta` (Ubuntu) are left alone: they hold no code and count their versions differently, so a comparison would be wrong.
 */
export interface SourcePackage {
  readonly name: string;
  readonly version: string;
}

/** Long-term support also signs newer kernels: `linux-6.1` on Debian 11 into `linux-signed-6.1-amd64`. */
const DEBIAN_SIGNED = /^linux-signed(-\d+\.\d+)?-[a-z0-9]+$/;
/** The signed package's version is the kernel's with the first hyphen as a plus: 6.1.55-1 -> 6.1.55+1, 6.10.11-1~bpo12+1 -> 6.10.11+1~bpo12+1. */
const SIGNED_VERSION = /^((?:\d+:)?\d+(?:\.\d+)*(?:~rc\d+)?)\+(\d.*)$/;
const UBUNTU_SIGNED = /^linux-signed(-[a-z0-9.-]+)?$/;

/** The source package that advisories speak of, for a package's own source package. Everything else is handed back as it is. */
export function advisorySource(distribution: string, name: string, version: string): SourcePackage {
  if (!name.startsWith('linux-')) return { name, version };
  if (distribution === 'ubuntu') {
    const ubuntu = UBUNTU_SIGNED.exec(name);
    return ubuntu ? { name: `linux${ubuntu[1] ?? ''}`, version } : { name, version };
  }
  const signed = DEBIAN_SIGNED.exec(name);
  if (!signed) return { name, version };
  const parts = SIGNED_VERSION.exec(version);
  return { name: `linux${signed[1] ?? ''}`, version: parts ? `${parts[1]}-${parts[2]}` : version };
}
