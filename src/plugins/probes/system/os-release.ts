import type { OperatingSystem } from '../../../core/inventory/snapshot.ts';

/** `/etc/os-release` (os-release(5)): shell-like assignments, quotes and backslash escapes undone. */
export function parseOsRelease(text: string): OperatingSystem {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z_0-9]+)=(.*)$/.exec(line.trim());
    if (match) values.set(match[1]!, unquote(match[2]!));
  }
  const id = values.get('ID') ?? 'linux';
  return {
    id,
    versionId: values.get('VERSION_ID') ?? '',
    codename: values.get('VERSION_CODENAME') ?? '',
    prettyName: values.get('PRETTY_NAME') ?? id,
  };
}

function unquote(text: string): string {
  const quoted = /^"(.*)"$/.exec(text) ?? /^'(.*)'$/.exec(text);
  return (quoted?.[1] ?? text).replace(/\\(["$`\\])/g, '$1');
}
