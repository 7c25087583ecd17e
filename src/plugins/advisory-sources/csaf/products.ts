import { advisoryName, releaseOfPackageUrl, versionOf } from '../../../core/advisories/package-url.ts';
import { schemeOfRelease } from '../../../core/advisories/releases.ts';
import { parsePurl } from '../../../core/versions/purl.ts';
import { type JsonObject, objectOrNull, objectsOf, optionalText } from '../records.ts';

/** What a product id of a CSAF document stands for, as far as matching needs it. */
export interface CsafProduct {
  readonly release: string;
  readonly packageName: string;
  /** With epoch; '' for "every version". */
  readonly version: string;
  /** A VERS range instead (CSAF 2.0, 3.1.2.2 `product_version_range`). */
  readonly range: string | null;
  /** A range in words ("all before 2.0"): which versions it leaves out is not said to a program. */
  readonly rangeInWords: string | null;
  readonly isSource: boolean;
  /** '' where it is said of all, or of none in particular. */
  readonly architecture: string;
  readonly module: string | null;
  /** Only who pays for it gets the build: `ltss`. */
  readonly subscription: string | null;
}

interface Leaf {
  readonly rangeInWords: string | null;
  readonly cpe: string | null;
  readonly packageUrl: string | null;
  readonly name: string;
  readonly range: string | null;
}

/** Product ids -> products: leaves of the branches, and the relationships that put a component into a platform (CSAF 2.0, 3.1.3 and 3.2.2). */
export class CsafProducts {
  readonly #leaves = new Map<string, Leaf>();
  readonly #relations = new Map<string, { readonly component: string; readonly platform: string }>();

  constructor(tree: JsonObject) {
    this.#walk(objectsOf(tree.branches), 0);
    for (const product of objectsOf(tree.full_product_names)) this.#addLeaf(product);
    for (const relation of objectsOf(tree.relationships)) {
      const id = optionalText(objectOrNull(relation.full_product_name) ?? {}, 'product_id');
      const [component, platform] = [optionalText(relation, 'product_reference'), optionalText(relation, 'relates_to_product_reference')];
      if (id !== null && component !== null && platform !== null) this.#relations.set(id, { component, platform });
    }
  }

  /** null for a product that no package of a release is meant by: hardware, container images, platforms that Fettle does not match. */
  resolve(id: string): CsafProduct | null {
    const chain: string[] = [];
    let component = id;
    for (
      let relation = this.#relations.get(component);
      relation !== undefined && chain.length < MAX_CHAIN;
      relation = this.#relations.get(component)
    ) {
      chain.push(relation.platform);
      component = relation.component;
    }
    const leaf = this.#leaves.get(component);
    const parsed = leaf?.packageUrl == null ? null : parsePurl(leaf.packageUrl);
    const url = parsed?.ok ? parsed.purl : null;
    const platforms = [...new Set(chain.flatMap(platform => this.#platformsOf(platform)))];
    const byPlatform =
      platforms.map(platform => platformOfCpe(this.#leaves.get(platform)?.cpe ?? null)).find(found => found !== null) ?? null;
    if (url === null) return byPlatform === null ? null : namedBuild(component, byPlatform);
    const release = byPlatform?.release ?? releaseOfPackageUrl(url);
    if (release === null) return null;
    const { arch, rpmmod } = url.qualifiers;
    const module =
      rpmmod ?? chain.map(platform => /(?:^|:)([\w.+-]+:[\w.+-]+):\d{10,}:/.exec(platform)?.[1]).find(found => found !== undefined);
    return {
      release,
      packageName: advisoryName(url),
      version: leaf!.range === null ? versionOf(url) : '',
      range: leaf!.range,
      rangeInWords: leaf!.rangeInWords,
      isSource: arch === 'src' || arch === 'source',
      architecture: arch ?? '',
      module: module === undefined ? null : module.split(':').slice(0, 2).join(':'),
      subscription: byPlatform?.subscription ?? null,
    };
  }

  /** A platform may itself be a module inside a platform. */
  #platformsOf(id: string): string[] {
    const found = [id];
    for (
      let relation = this.#relations.get(id);
      relation !== undefined && found.length < MAX_CHAIN;
      relation = this.#relations.get(found.at(-1)!)
    )
      found.push(relation.platform);
    return found;
  }

  #walk(branches: readonly JsonObject[], depth: number): void {
    if (depth > MAX_CHAIN) return;
    for (const branch of branches) {
      const product = objectOrNull(branch.product);
      const range = branch.category === 'product_version_range' ? optionalText(branch, 'name') : null;
      if (product !== null) this.#addLeaf(product, range);
      this.#walk(objectsOf(branch.branches), depth + 1);
    }
  }

  #addLeaf(product: JsonObject, range: string | null = null): void {
    const id = optionalText(product, 'product_id');
    if (id === null) return;
    const helper = objectOrNull(product.product_identification_helper) ?? {};
    const url = optionalText(helper, 'purl') ?? (Array.isArray(helper.purls) ? String(helper.purls[0] ?? '') || null : null);
    const isVers = range?.startsWith('vers:') === true;
    this.#leaves.set(id, {
      cpe: optionalText(helper, 'cpe'),
      packageUrl: url,
      name: optionalText(product, 'name') ?? '',
      range: isVers ? range : null,
      rangeInWords: isVers ? null : range,
    });
  }
}

const RPM_ARCH = /\.(x86_64|aarch64|ppc64le|s390x|i[356]86|riscv64|noarch|src|nosrc)$/;
/** A release has a dot in it (`150500.15.4`); `devel` and `32bit`, which end names, have none. */
const RPM_BUILD = /^(.+)-([^-]*\d[^-]*)-(\d[\w+~^]*(?:\.[\w+~^]+)+)$/;

/** SUSE gives no package URLs: `libopenssl1_1-1.1.1l-150500.15.4.x86_64` is a build, `libopenssl-1_0_0-devel` a package in every version. */
function namedBuild(name: string, { release, subscription }: Platform): CsafProduct | null {
  if (schemeOfRelease(release) !== 'rpm') return null;
  const arch = RPM_ARCH.exec(name)?.[1];
  const plain = arch === undefined ? name : name.slice(0, -arch.length - 1);
  const [, packageName, version, build] = RPM_BUILD.exec(plain) ?? [];
  const isSource = arch === 'src' || arch === 'nosrc';
  const named = { range: null, rangeInWords: null, isSource, architecture: arch ?? '', module: null, subscription };
  if (packageName === undefined) return { release, packageName: plain, version: '', ...named };
  return { release, packageName, version: `${version}-${build}`, ...named };
}

/** Relations and branches of a hostile document may form a circle. */
const MAX_CHAIN = 30;

/** A platform: the release, and the support that somebody pays for beyond it. */
interface Platform {
  readonly release: string;
  readonly subscription: string | null;
}

const everybody = (release: string): Platform => ({ release, subscription: null });
/** SUSE's products of a service pack: the server and its variants, modules and extensions. Long-term support (LTSS, ESPOS, BCL) is a product of its own. */
const SUSE_PRODUCT =
  /^cpe:(?:\/|2\.3:)o:suse:(?:(?:suse_)?sle[sd]?(?:_sap|_hpc|-ha|-rt|-sdk|-we|-module[\w-]*)?|suse_linux_enterprise_server|packagehub)([-_](?:ltss|espos|bcl|teradata)[\w-]*)?:(\d+)(?::sp(\d+))?:?$/;

const CPE_RELEASES: readonly (readonly [pattern: RegExp, platform: (parts: RegExpExecArray) => Platform])[] = [
  // Only the main stream: EUS, AUS, E4S and TUS are releases of their own, with fixed versions that mean nothing elsewhere.
  [/^cpe:(?:\/|2\.3:)[ao]:redhat:enterprise_linux:(\d+)/, parts => everybody(`rhel:${parts[1]}`)],
  [
    SUSE_PRODUCT,
    ([, support, major, pack]) => ({
      release: `sles:${major}${pack === undefined ? '' : `.${pack}`}`,
      subscription: support === undefined ? null : 'ltss',
    }),
  ],
  [
    /^cpe:(?:\/|2\.3:)o:suse:sles:(\d+):\1\.(\d+)/,
    parts => everybody(parts[2] === '0' ? `sles:${parts[1]}` : `sles:${parts[1]}.${parts[2]}`),
  ],
  [/^cpe:(?:\/|2\.3:)o:opensuse:tumbleweed/, () => everybody('opensuse-tumbleweed')],
  [/^cpe:(?:\/|2\.3:)o:opensuse:leap:(\d+\.\d+)/, parts => everybody(`opensuse-leap:${parts[1]}`)],
  [/^cpe:(?:\/|2\.3:)[ao]:almalinux:almalinux:(\d+)/, parts => everybody(`almalinux:${parts[1]}`)],
  [/^cpe:(?:\/|2\.3:)o:oracle:linux:(\d+)/, parts => everybody(`ol:${parts[1]}`)],
  [/^cpe:(?:\/|2\.3:)o:debian:debian_linux:(\d+)/, parts => everybody(`debian:${parts[1]}`)],
];

function platformOfCpe(cpe: string | null): Platform | null {
  if (cpe === null) return null;
  for (const [pattern, platform] of CPE_RELEASES) {
    const parts = pattern.exec(cpe);
    if (parts) return platform(parts);
  }
  return null;
}
