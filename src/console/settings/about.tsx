import { Text } from '@mantine/core';
import { useSession } from '../data/session.ts';
import { Facts } from '../kit/facts.tsx';
import { Section } from '../kit/page.tsx';
import { SettingsPage } from './settings-page.tsx';

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function AboutPage() {
  const { installation, version, singlePerson } = useSession();
  return (
    <SettingsPage title="About">
      <Section title="This installation">
        <Facts
          rows={{
            Name: installation,
            Version: version,
            Approval: singlePerson ? 'by the requester, because nobody else can approve; recorded as such' : 'by a second person',
            Times: ZONE === 'UTC' ? 'shown in UTC' : `shown in ${ZONE}; point at one to see UTC`,
            Licence: 'AGPL-3.0-only',
          }}
        />
      </Section>
      <Section title="Keys">
        <Facts
          rows={{
            '/': 'find in the list',
            'Ctrl K': 'go to a page, host, patch or CVE',
            'Shift and click': 'choose a range of rows',
            Esc: 'close what is open, or empty the search',
          }}
        />
      </Section>
      <Text size="sm" c="dimmed">
        The command line client <code>fettle</code> does everything that this console does, over the same API.
      </Text>
    </SettingsPage>
  );
}
