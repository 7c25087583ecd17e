/** Our own archive folder: `apt-get clean` and the like cannot take away what a repair needs (security.md 0.7), and it goes when a job is verified. */
export const ARCHIVES = '/var/cache/fettle/archives';

/** One patient try: who asked decides when to try again; apt itself would wait for a mirror that hangs three times more. */
export const FETCH_ONCE = ['Acquire::http::Timeout=15', 'Acquire::https::Timeout=15', 'Acquire::Retries=0'].flatMap(option => [
  '-o',
  option,
]);

/** apt's QuoteString: percent-encoding of the characters that separate the parts of a file name. */
function quoted(text: string, characters: RegExp): string {
  return text.replace(characters, character => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The name that apt gives a fetched archive: `redis-server_5%3a7.0.15-1~deb12u10_amd64.deb`. */
export function archiveFileName(name: string, version: string, arch: string): string {
  return `${quoted(name, /[_:]/g)}_${quoted(version, /[_:]/g)}_${quoted(arch, /[_:.]/g)}.deb`;
}

export function archivePath(name: string, version: string, arch: string): string {
  return `${ARCHIVES}/${archiveFileName(name, version, arch)}`;
}
