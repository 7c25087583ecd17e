import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Menu,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { queryClient } from '../data/ask.ts';
import { client, problemOf } from '../data/client.ts';
import { useSession } from '../data/session.ts';
import { sayProblem } from '../kit/toast.tsx';
import { DemoBanner } from './demo-banner.tsx';
import { Logo } from './logo.tsx';
import { Navigation } from './navigation.tsx';
import { Palette } from './palette.tsx';
import classes from './shell.module.css';
import { Shortcuts } from './shortcuts.tsx';
import { StopBanner } from './stop-banner.tsx';

export function Shell() {
  const [open, { toggle, close }] = useDisclosure();
  const path = useRouterState({ select: state => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu of narrow screens
  useEffect(close, [path]);
  return (
    <AppShell
      header={{ height: 44 }}
      navbar={{ width: 176, breakpoint: 'sm', collapsed: { mobile: !open } }}
      padding="md"
      transitionDuration={0}
    >
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="sm" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={open ? 'Close navigation' : 'Open navigation'} />
            <Link to="/" className={classes.brand} aria-label="Fettle: overview">
              <Logo size={22} />
              <Text fw={700} size="md" span>
                Fettle
              </Text>
            </Link>
          </Group>
          <Group gap={6} wrap="nowrap">
            <Palette />
            <SchemeSwitch />
            <PersonMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p={8} className={classes.navbar}>
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
        <Shortcuts />
        <DemoBanner />
        <StopBanner />
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const label = scheme === 'dark' ? 'Use the light scheme' : 'Use the dark scheme';
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}>
        {scheme === 'dark' ? <IconSun size={17} /> : <IconMoon size={17} />}
      </ActionIcon>
    </Tooltip>
  );
}

function PersonMenu() {
  const { person } = useSession();
  const navigate = useNavigate();
  const signOut = async () => {
    await client.sessionDelete({}).catch(error => sayProblem(problemOf(error)));
    // First away from pages that ask, then forget what they knew.
    await navigate({ to: '/sign-in' });
    queryClient.clear();
  };
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes.person} aria-label={`${person.name}: account menu`}>
          <Text size="sm" span className={classes.personName}>
            {person.name}
          </Text>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {person.login} · {person.roles.join(', ') || 'no role'}
        </Menu.Label>
        <Menu.Item leftSection={<IconUser size={15} />} onClick={() => void navigate({ to: '/settings/account' })}>
          Password and API tokens
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
