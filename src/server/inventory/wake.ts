import type { WakePort } from '../ports.ts';

/** Wakes long polls. A wake that nobody waits for is not kept: the next check-in asks for work before it waits. */
export function createWake(): WakePort {
  const waiting = new Map<string, Set<() => void>>();
  const listeners = new Set<(hostId: string) => void>();
  return {
    wake(hostId) {
      for (const resume of waiting.get(hostId) ?? []) resume();
      for (const listener of listeners) listener(hostId);
    },
    wait(hostId, ms, signal) {
      if (signal.aborted || ms <= 0) return Promise.resolve();
      return new Promise(resolve => {
        const resume = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', resume);
          const others = waiting.get(hostId);
          others?.delete(resume);
          if (others?.size === 0) waiting.delete(hostId);
          resolve();
        };
        const timer = setTimeout(resume, ms);
        signal.addEventListener('abort', resume, { once: true });
        const others = waiting.get(hostId) ?? new Set();
        waiting.set(hostId, others.add(resume));
      });
    },
    onWake(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
