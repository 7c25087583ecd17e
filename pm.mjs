// The only file that the system's Node runs: it installs what the lock file names, finds the pinned runtime
// (docs/decisions/0001-runtime.md) and hands over to it. It imports nothing that npm has to install first.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(root, 'node_modules');
const stamp = path.join(modules, '.fettle-lock');

const COMMANDS = {
  start: ['src/main/server.ts'],
  demo: ['src/main/demo.ts'],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
  'test:lab': ['node_modules/vitest/vitest.mjs', 'run', '--config', 'e2e/lab.config.ts'],
  'test:browser': ['node_modules/vitest/vitest.mjs', 'run', '--config', 'e2e/browser.config.ts'],
  bench: ['bench/run.ts'],
  check: ['tools/check.ts'],
  golden: ['tools/golden.ts'],
};

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  say(`fettle: ${text}`);
  process.exit(1);
}

/** True when something was installed. */
function install() {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return false;
  say('Installing dependencies (once; about half a minute) ...');
  const started = Date.now();
  // Install scripts stay off: no dependency of ours needs one, and they are how worms travel.
  const done = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.error) fail(`npm could not be started (${done.error.message}). Install npm 10 or later and try again.`);
  if (done.status !== 0)
    fail('installing dependencies failed (see above). Check the network or the npm registry setting, then run the same command again.');
  writeFileSync(stamp, lock);
  say(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
  return true;
}

function runtime() {
  const pinned = path.join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 26) return process.execPath;
  return fail(
    `there is no pinned runtime for ${process.platform}-${process.arch}. Install Node 26 or later and run the same command again.`,
  );
}

const [name = 'start', ...rest] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) fail(`unknown command ${name}. Commands: ${Object.keys(COMMANDS).join(', ')}.`);
if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or later.`);
const isFresh = install();
const node = runtime();
// A scan of one host spends a quarter of its time on loading sources: its bundle is there from the first command on. Without one it runs from the sources.
if (isFresh) spawnSync(node, ['tools/bundle-cli.ts'], { cwd: root, stdio: 'ignore' });
const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`, FETTLE_PARENT_PIPE: '3' };
// fd 3 is a pipe that closes when this process dies in any way: the server then stops by itself and leaves no orphan.
const child = spawn(node, [...command, ...rest], { cwd: root, env, stdio: ['inherit', 'inherit', 'inherit', 'pipe'] });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.stdio[3]?.destroy();
}, 1000).unref();
child.on('error', error => fail(`the runtime could not be started: ${error.message}`));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
