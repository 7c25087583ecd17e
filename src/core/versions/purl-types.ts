import type { PackageUrl } from './purl.ts';

/** What a type's definition in purl-spec says beyond the general rules. */
interface TypeRules {
  /** Registries that do not tell upper from lower case. */
  readonly isLowerCase?: 'namespace' | 'both';
  readonly name?: (url: PackageUrl) => string;
  readonly version?: (version: string) => string;
  readonly refusal?: (url: PackageUrl) => string | null;
}

const CASELESS: TypeRules = { isLowerCase: 'both' };
const CASELESS_NAMESPACE: TypeRules = { isLowerCase: 'namespace' };
const needsNamespace = ({ type, namespace }: PackageUrl): string | null => (namespace === null ? `${type} needs a namespace` : null);

const RULES: Readonly<Record<string, TypeRules>> = {
  alpm: CASELESS,
  apk: CASELESS,
  bitbucket: CASELESS,
  bitnami: CASELESS,
  composer: CASELESS,
  deb: CASELESS,
  github: CASELESS,
  golang: CASELESS,
  hex: CASELESS,
  luarocks: CASELESS,
  npm: CASELESS,
  oci: CASELESS,
  otp: CASELESS,
  qpkg: CASELESS_NAMESPACE,
  rpm: CASELESS_NAMESPACE,
  pub: { isLowerCase: 'both', name: ({ name }) => name.toLowerCase().replaceAll('-', '_') },
  pypi: { isLowerCase: 'both', name: ({ name }) => name.toLowerCase().replaceAll('_', '-') },
  // A commit, but not a tag.
  huggingface: { version: version => (/^[0-9a-f]{40}$/i.test(version) ? version.toLowerCase() : version) },
  // Databricks does not tell cases apart, Azure ML does.
  mlflow: { name: ({ name, qualifiers }) => (qualifiers.repository_url?.includes('databricks') ? name.toLowerCase() : name) },
  cpan: {
    refusal: url => needsNamespace(url) ?? (url.name.includes('::') ? `${url.name} is a module: cpan's packages are distributions` : null),
  },
  swift: { refusal: needsNamespace },
  julia: { refusal: ({ qualifiers }) => (qualifiers.uuid === undefined ? 'julia needs the qualifier uuid' : null) },
};

function rulesOf(type: string): TypeRules {
  return (Object.hasOwn(RULES, type) && RULES[type]) || {};
}

/** Why these parts are none of their type, or null. */
export function refusalOf(url: PackageUrl): string | null {
  return rulesOf(url.type).refusal?.(url) ?? null;
}

export function canonicalParts(url: PackageUrl): PackageUrl {
  const { isLowerCase, name, version } = rulesOf(url.type);
  return {
    ...url,
    namespace: isLowerCase === undefined ? url.namespace : (url.namespace?.toLowerCase() ?? null),
    name: name?.(url) ?? (isLowerCase === 'both' ? url.name.toLowerCase() : url.name),
    version: version === undefined || url.version === null ? url.version : version(url.version),
  };
}
