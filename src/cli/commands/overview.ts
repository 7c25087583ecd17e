import { define } from '../command.ts';
import { counted } from '../screen.ts';

type Bands = readonly { readonly label: string; readonly count: number }[];

/** `fixable 12 (9 net)`: gross, and beside it what is left without excepted ones. */
function withNet(gross: Bands, excused: Bands): string {
  return gross
    .filter(band => band.count > 0)
    .map((band): string => {
      const excepted = excused.find(one => one.label === band.label)?.count ?? 0;
      return `${band.label} ${band.count}${excepted === 0 ? '' : ` (${band.count - excepted} net)`}`;
    })
    .join(', ');
}

export const overviewCommands = [
  define({
    name: 'overview',
    summary: 'What to do next, and how the fleet stands',
    run: async c => await c.client.overview({}),
    render(value, screen) {
      for (const banner of value.banners) screen.line(`! ${banner.title}: ${banner.text}`);
      if (value.banners.length > 0) screen.line();
      for (const [i, next] of value.next.entries()) screen.line(`${i + 1}. [${next.urgency}] ${next.title}\n   ${next.reason}`);
      if (value.next.length === 0) screen.line('Nothing is waiting.');
      screen.line();
      screen.pairs([
        [
          'hosts',
          `${value.hosts.total} (${value.hosts.current} current, ${value.hosts.stale} stale, ${value.hosts.unreachable} unreachable, ${value.hosts.waiting} waiting)`,
        ],
        [
          'coverage',
          `${value.coverage.patchedHosts} of ${counted(value.coverage.ofHosts, 'host')} ${value.coverage.patchedHosts === 1 ? 'has' : 'have'} no missing security patch`,
        ],
        ['findings by due date', value.findingsByDue.map(d => `${d.label} ${d.count}`).join(', ')],
        [
          'without excepted ones',
          value.exceptions.excused === 0
            ? null
            : value.findingsByDue.map((d, at) => `${d.label} ${d.count - (value.exceptions.excusedByDue[at]?.count ?? 0)}`).join(', '),
        ],
        ['findings by state', withNet(value.findingsByState, value.exceptions.excusedByState)],
        [
          'exceptions',
          `${value.exceptions.inForce} in force (${value.exceptions.expiring} of them near the end), ${value.exceptions.waiting} waiting for a decision`,
        ],
        [
          'time to patch',
          value.timeToPatch === null
            ? 'too little history'
            : `median ${value.timeToPatch.medianDays ?? 'not reached'} days over ${value.timeToPatch.events} events${value.timeToPatch.net === null ? '' : `; net ${value.timeToPatch.net.medianDays ?? 'not reached'} (${value.timeToPatch.net.censored} excepted)`}`,
        ],
      ]);
    },
  }),
];
