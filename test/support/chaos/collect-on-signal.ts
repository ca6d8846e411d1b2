// Loaded into a gateway by NODE_OPTIONS: SIGUSR2 collects all garbage and writes what is left as a line of JSON to
// stderr. What a process holds can be compared over hours only after that: in between, V8 lets garbage grow to several
// times of it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  // Twice: what is freed by finalizers of the first round is collected by the second.
  collect();
  collect();
  process.stderr.write(`${JSON.stringify({ msg: 'garbage collected', ...process.memoryUsage() })}\n`);
});
