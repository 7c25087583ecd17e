import { type ListedPackage, listedPackage, type PackageListImporter, type PackageListing, unreadLines } from '../spec.ts';

/** apk's database (/lib/apk/db/installed: paragraphs of one-letter fields, apk-db(5)) or `apk list --installed` or `apk info -v`. */
export const apkList: PackageListImporter = {
  id: 'apk-list',
  title: 'apk: /lib/apk/db/installed, apk list --installed, apk info -v',
  madeBy: '/lib/apk/db/installed, or apk list --installed',
  recognise: (text, scheme) => isDatabase(text) || (scheme === 'apk' && /\S/.test(text) && !/^\s*[{[<]/.test(text)),
  read: text => (isDatabase(text) ? readDatabase(text) : readLines(text)),
};

const isDatabase = (text: string): boolean => /^(?:C:\S+\n)?P:\S+\nV:\S+$/m.test(text.slice(0, 2000));

function readDatabase(text: string): PackageListing {
  const packages: ListedPackage[] = [];
  let incomplete = 0;
  for (const paragraph of text.split(/\n{2,}/)) {
    const fields = new Map(
      paragraph
        .split('\n')
        .map(line => [line.slice(0, 2), line.slice(2)] as const)
        .reverse(),
    );
    const [name, version] = [fields.get('P:'), fields.get('V:')];
    if (name && version)
      packages.push(
        listedPackage(name, version, { arch: fields.get('A:') ?? '', sourceName: fields.get('o:') ?? name, sourceKnown: fields.has('o:') }),
      );
    else if (paragraph.trim() !== '') incomplete++;
  }
  return {
    packages,
    release: null,
    warnings: incomplete === 0 ? [] : [`${incomplete} paragraphs of the database have no package or no version`],
  };
}

/** `musl-1.2.4-r2 x86_64 {musl} (MIT) [installed]`, or only the first word. */
const LINE = /^(\S+)-(\d[^\s-]*(?:-r\d+)?)(?:\s+(\S+)\s+\{(\S+)\}.*)?$/;

function readLines(text: string): PackageListing {
  const packages: ListedPackage[] = [];
  const unread: number[] = [];
  for (const [at, rawLine] of text.split('\n').entries()) {
    const line = rawLine.trim();
    if (line === '' || line.startsWith('WARNING:')) continue;
    const parts = LINE.exec(line);
    if (parts)
      packages.push(
        listedPackage(parts[1]!, parts[2]!, {
          arch: parts[3] ?? '',
          sourceName: parts[4] ?? parts[1]!,
          sourceKnown: parts[4] !== undefined,
        }),
      );
    else unread.push(at + 1);
  }
  return { packages, release: null, warnings: unreadLines(unread, 'it is not a line of apk') };
}
