import type { SchemeId } from '../../core/versions/scheme.ts';
import { apkList } from './apk-list/index.ts';
import { cyclonedx } from './cyclonedx/index.ts';
import { dpkgList } from './dpkg-list/index.ts';
import { packageTable } from './package-table/index.ts';
import { pacmanList } from './pacman-list/index.ts';
import { rpmList } from './rpm-list/index.ts';
import { spdx } from './spdx/index.ts';
import type { PackageListImporter } from './spec.ts';

/** Every form of a package list, the most telling first: the first that recognises a text reads it. */
export const packageListImporters: readonly PackageListImporter[] = [cyclonedx, spdx, packageTable, apkList, dpkgList, rpmList, pacmanList];

export function recognisePackageList(text: string, scheme: SchemeId | null): PackageListImporter | null {
  return packageListImporters.find(importer => importer.recognise(text, scheme)) ?? null;
}
