import { csv } from './csv/index.ts';
import { cyclonedx } from './cyclonedx/index.ts';
import { json } from './json/index.ts';
import { openvex } from './openvex/index.ts';
import { sarif } from './sarif/index.ts';
import type { Exporter } from './spec.ts';

export const exporters: readonly Exporter[] = [json, csv, sarif, cyclonedx, openvex];
