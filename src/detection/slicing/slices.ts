// Work on all edges in slices: generators that yield where the event loop may have its turn.

/** Items between two turns: about a millisecond. */
const SLICE = 2048;

/** What `call` answers for each item. */
export function* mapInSlices<T, R>(items: Iterable<T>, call: (item: T, i: number) => R): Generator<void, R[]> {
  const answers: R[] = [];
  for (const item of items) {
    answers.push(call(item, answers.length));
    if (answers.length % SLICE === 0) yield;
  }
  return answers;
}

/** What a generator answers, without a turn for anything else. */
export function atOnce<T>(steps: Generator<void, T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}
