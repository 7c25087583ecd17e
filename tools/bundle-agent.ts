import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** What went into the bundle: a file from node_modules would be a dependency of a process that runs as root on every host. */
export interface AgentBundle {
  readonly file: string;
  readonly inputs: readonly string[];
  readonly bytes: number;
}

/** The agent as one file that imports nothing but node's own modules. Same sources, same bytes. */
export async function bundleAgent(outFile: string): Promise<AgentBundle> {
  await mkdir(path.dirname(outFile), { recursive: true });
  const result = await build({
    absWorkingDir: root,
    entryPoints: ['src/main/agent.ts'],
    outfile: outFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    charset: 'utf8',
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    logLevel: 'silent',
  });
  const inputs = Object.keys(result.metafile.inputs);
  const foreign = inputs.filter(input => input.includes('node_modules') || input.startsWith('src/api/'));
  if (foreign.length > 0) throw new Error(`the agent must bring no package with it, but its bundle has ${foreign.join(', ')}`);
  return { file: outFile, inputs, bytes: Object.values(result.metafile.outputs)[0]!.bytes };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bundle = await bundleAgent(path.join(root, 'dist/agent/fettle-agent.mjs'));
  console.log(`${path.relative(root, bundle.file)}: ${bundle.bytes} bytes from ${bundle.inputs.length} files`);
}
