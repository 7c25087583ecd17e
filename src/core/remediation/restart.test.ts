import { describe, expect, it } from 'vitest';
import { daemonUnits, restartOf, unitsOf } from './restart.ts';

describe('restartOf', () => {
  it.each([
    [['linux-image-amd64', 'linux-image-6.1.0-56-amd64'], [], 'reboot'],
    [['linux-libc-dev', 'linux-headers-amd64'], [], 'none'],
    [['intel-microcode'], [], 'reboot'],
    [['libc6', 'libc-bin', 'locales'], [], 'reboot'],
    [['dbus', 'libdbus-1-3'], [], 'reboot'],
    [['systemd', 'libsystemd0'], [], 'services'],
    [['openssl', 'libssl3'], [], 'services'],
    [['libxml2-utils', 'libxml2'], [], 'services'],
    [['libssl-dev'], [], 'none'],
    [['nginx', 'nginx-common'], ['nginx.service'], 'services'],
    [['tzdata'], [], 'none'],
    [['perl-doc', 'libfoo1-doc'], [], 'none'],
  ] as const)('%s with units %s: %s', (binaries, units, need) => {
    expect(restartOf(binaries, units).need).toBe(need);
  });
  it('names what made it say so', () => {
    expect(restartOf(['libssl3', 'openssl'], []).reason).toContain('libssl3');
    expect(restartOf(['nginx'], ['nginx.service']).reason).toBe('the upgrade restarts nginx.service');
  });
});

describe('unitsOf', () => {
  it('finds units by the name of the package and by list', () => {
    const units = ['nginx.service', 'ssh.service', 'postgresql@15-main.service', 'cron.service'];
    expect(unitsOf(['nginx', 'nginx-common'], units)).toEqual(['nginx.service']);
    expect(unitsOf(['openssh-server', 'openssh-client'], units)).toEqual(['ssh.service']);
    expect(unitsOf(['postgresql-15'], units)).toEqual(['postgresql@15-main.service']);
    expect(unitsOf(['libssl3'], units)).toEqual([]);
  });
});

describe('daemonUnits', () => {
  it('knows the common daemons by their package', () => {
    expect(daemonUnits(['nginx', 'nginx-common', 'openssh-server', 'tzdata'])).toEqual(['nginx.service', 'ssh.service']);
  });
});
