/** The errata name the stream in the summary only: `Important: nodejs:20 security update`. A modular version without it stays a module of unknown stream. */
export function streamOf(summary: string, version: string): string | null {
  if (!version.includes('.module')) return null;
  return /(?:^|: )([\w.+-]+:[\w.+-]+) (?:security|bug fix|module)/.exec(summary)?.[1] ?? null;
}
