import { useEffect, useState } from 'react';

/** Reads `#token=` (or `?token=`) once and takes it out of the address bar and the history: a one-time token is not for screenshots. */
export function useOneTimeToken(): string {
  const [token] = useState(() => {
    const { search, hash } = window.location;
    return new URLSearchParams(hash.slice(1)).get('token') ?? new URLSearchParams(search).get('token') ?? '';
  });
  useEffect(() => {
    if (token !== '') window.history.replaceState(window.history.state, '', window.location.pathname);
  }, [token]);
  return token;
}
