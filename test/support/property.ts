// fast-check with one seed for everybody: a change is not refused for an input that chance has found in other code.
// Other inputs with `PROPERTY_SEED=N npm test`, as `.ci/nightly` does with the seed of the day.
import fc from 'fast-check';

const { PROPERTY_SEED } = process.env;

fc.configureGlobal({ seed: PROPERTY_SEED === undefined ? 1 : Number(PROPERTY_SEED) });

export default fc;
