import { type ListedPackage, listedPackage, type PackageListImporter, type PackageListing, unreadLines } from '../spec.ts';

export const pacmanList: PackageListImporter = {
  id: 'pacman-list',
  title: 'pacman -Q',
  madeBy: 'pacman -Q',
  recognise: (text, scheme) => scheme === 'pacman' && /\S/.test(text) && !/^\s*[{[<]/.test(text),
  read,
};

function read(text: string): PackageListing {
  const packages: ListedPackage[] = [];
  const unread: number[] = [];
  for (const [at, rawLine] of text.split('\n').entries()) {
    const line = rawLine.trim();
    if (line === '') continue;
    const parts = /^([^\s-][^\s]*) (\S*\d\S*)$/.exec(line);
    if (parts) packages.push(listedPackage(parts[1]!, parts[2]!, { sourceKnown: true }));
    else unread.push(at + 1);
  }
  return { packages, release: null, warnings: unreadLines(unread, 'it is not a line of pacman -Q') };
}
