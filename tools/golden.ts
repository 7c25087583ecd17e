import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GOLDEN_FILES, ROOT } from './golden-files.ts';

/** `npm run golden`: writes the committed files that the code makes. Look at the difference before you commit it. */
for (const { file, make } of GOLDEN_FILES) {
  const at = path.join(ROOT, file);
  const text = await make();
  const same = existsSync(at) && readFileSync(at, 'utf8') === text;
  if (!same) {
    mkdirSync(path.dirname(at), { recursive: true });
    writeFileSync(at, text);
  }
  process.stdout.write(`${same ? 'same   ' : 'written'} ${file}\n`);
}
