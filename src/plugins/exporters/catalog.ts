import type { Exporter } from './spec.ts';

/** Every format that findings are written in. Loaded one by one: a command writes one of them and starts in a tenth of a second. */
export const exporters = {
  json: async (): Promise<Exporter> => (await import('./json/index.ts')).json,
  csv: async (): Promise<Exporter> => (await import('./csv/index.ts')).csv,
  sarif: async (): Promise<Exporter> => (await import('./sarif/index.ts')).sarif,
  cyclonedx: async (): Promise<Exporter> => (await import('./cyclonedx/index.ts')).cyclonedx,
  csaf: async (): Promise<Exporter> => (await import('./csaf/index.ts')).csaf,
  openvex: async (): Promise<Exporter> => (await import('./openvex/index.ts')).openvex,
} as const;
