import { useState } from 'react';

/** Reads `?token=` (or `#token=`) once and takes it out of the address bar and the history: a one-time token is not for screenshots. */
export function useOneTimeToken(): string {
  const [token] = useState(() => {
    const { search, hash, pathname } = window.location;
    const found = new URLSearchParams(search).get('token') ?? new URLSearchParams(hash.slice(1)).get('token');
    if (found !== null) window.history.replaceState(window.history.state, '', pathname);
    return found ?? '';
  });
  return token;
}
