import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './globals.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { onProblem, queryClient } from './data/ask.ts';
import { router } from './router.tsx';
import { cssVariables, theme } from './theme.ts';

// The server fills the nonce into index.html with every answer; browsers hide it from getAttribute, not from the property.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.nonce ?? '';
// The scroll lock below Mantine's dialogs adds a style element of its own and looks here for the nonce (get-nonce).
Object.assign(globalThis, { __webpack_nonce__: nonce });

// A session that ended elsewhere (signed out, disabled, expired) leads back to the door, and from there back here.
onProblem(problem => {
  const { pathname, searchStr } = router.state.location;
  if (problem.status === 401 && pathname !== '/sign-in') void router.navigate({ to: '/sign-in', search: { next: pathname + searchStr } });
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queryClient}>
        <Notifications limit={4} position="bottom-left" />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
