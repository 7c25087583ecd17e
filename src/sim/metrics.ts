import type { Measured } from '../core/rollouts/health.ts';
import type { SimHost } from './host.ts';
import type { Surroundings } from './surroundings.ts';

/** A metrics server: of a hundred requests to these hosts, so many fail. It may be off, know no number, or say the opposite. */
export function metricsOf(surroundings: Surroundings, hosts: Iterable<SimHost>): (name: string, hostIds: readonly string[]) => Measured {
  return (_name, hostIds) => {
    const { metrics } = surroundings;
    if (metrics === 'down') return { ok: false, problem: 'Prometheus does not answer' };
    const asked = new Set(hostIds);
    const own = [...hosts].filter(host => asked.has(host.id));
    if (own.length === 0) return { ok: false, problem: 'no data' };
    if (metrics === 'nan') return { ok: true, value: Number.NaN };
    const value = (own.filter(host => !host.stands).length * 100) / own.length;
    return { ok: true, value: metrics === 'lies' ? 100 - value : value };
  };
}
