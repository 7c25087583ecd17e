import { deletedMaps } from './deleted-maps/deleted-maps.ts';
import { hooks } from './hooks/hooks.ts';
import { listeningSockets } from './listening-sockets/listening-sockets.ts';
import { livePatches } from './live-patches/live-patches.ts';
import { services } from './services/services.ts';
import { system } from './system/system.ts';

export { readKernel } from './kernel/kernel.ts';
export { readRebootRequired } from './reboot-required/reboot-required.ts';

/** Probes that need nothing but the host; kernel and reboot are asked with what was read before. */
export const PROBES = { system, services, listeningSockets, deletedMaps, hooks, livePatches } as const;
