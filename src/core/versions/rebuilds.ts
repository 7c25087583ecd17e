/**
 * Rebuilds for a release, by their names: `590-2.1~deb12u2` is 590-2.1 built again for Debian 12, with everything that 590-2.1 has, and yet it is the
 * lower version, so that a later upgrade to 590-2.1 still counts as one. Debian Developer's Reference 5.8.5.4 (`~debXuY`), the backports rules
 * (`~bpoX+Y`) and Ubuntu's (`~ubuntuX`, `~22.04.1`). Other tildes are pre-releases (`1.2-1~rc1`) and promise nothing.
 */
const REBUILD = /^(.+)~(?:deb\d+u\d+|bpo\d+\+\d+|ubuntu\d[\d.]*|\d\d\.\d\d(?:\.\d+)?)$/;

/** The version that this source version is a rebuild of by its name; null for every other. */
export function rebuiltFrom(version: string): string | null {
  return REBUILD.exec(version)?.[1] ?? null;
}
