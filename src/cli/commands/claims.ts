import { type Command, define } from '../command.ts';
import { dayOf } from './feed-times.ts';

export const claimCommands: readonly Command[] = [
  define({
    name: 'claim list',
    summary: 'What every source says of a vulnerability, whoever runs the package; the verdict, and why where they disagree',
    example: 'fettle claim list CVE-2025-48384 --release debian:12',
    arguments: [{ name: 'vulnerability', summary: 'CVE id, or another id that a source uses' }],
    options: [
      { flags: '--release <release>', summary: 'debian:12, almalinux:9, PyPI, ...' },
      { flags: '--package <name>', summary: 'as advisories name it: the source package of deb and apk' },
    ],
    run: async c =>
      await c.client.claimList({ query: { vulnerability: c.arguments[0]!, release: c.text('release'), package: c.text('package') } }),
    render(value, screen) {
      if (value.items.length === 0) return screen.line('no loaded feed names it: that is not the same as "not vulnerable"');
      for (const group of value.items) {
        const { verdict } = group;
        const fixed = verdict?.fixedVersion == null ? '' : ` ${verdict.fixedVersion}`;
        const words =
          verdict === null ? 'nothing in force decides' : `${verdict.state}${fixed}, as ${verdict.followed} says (${verdict.rule})`;
        screen.line(`${group.packageName} in ${group.release}: ${words}`);
        screen.table(
          [
            { title: 'source' },
            { title: 'of' },
            { title: 'says' },
            { title: 'version' },
            { title: 'severity' },
            { title: 'notice' },
            { title: 'first seen' },
            { title: 'withdrawn' },
            { title: 'only for', widthMax: 30 },
          ],
          group.claims.map(claim => [
            claim.source,
            claim.statedOn,
            claim.state,
            claim.fixedVersion,
            claim.severity,
            claim.advisoryId,
            dayOf(claim.firstSeenAt),
            dayOf(claim.withdrawnAt),
            [claim.module, claim.subscription, ...claim.onlyVersions].filter(text => text !== null).join(' '),
          ]),
        );
        if (group.disagreement !== null) screen.line(`Sources disagree: ${group.disagreement}`);
        screen.line();
      }
    },
  }),
];
