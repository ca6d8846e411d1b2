// `node scripts/house.mjs [--list]`: what the inner walls are measured by. With --list, also where each figure comes
// from.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importCircles, roomCircles } from './check/imports.mjs';
import { ambiguousNames, longFiles, longLines, moduleVariables } from './check/measures.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const isListing = process.argv.includes('--list');

const figures = {
  'circles of files, src and assembly': importCircles(root).map((files) => files.join(', ')),
  'circles of rooms, src/detection': roomCircles(root).map((rooms) => rooms.join(', ')),
  'type names with two meanings, src': ambiguousNames(root),
  'lines over 120 columns': longLines(root),
  'files over 250 lines, src and assembly': longFiles(root),
  'module variables, assembly/detect': moduleVariables(root),
};

for (const [name, found] of Object.entries(figures)) {
  console.log(`${String(found.length).padStart(5)}  ${name}`);
  if (isListing) for (const line of found) console.log(`         ${line}`);
}
