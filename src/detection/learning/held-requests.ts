// Requests with points that are held back because their sender's clock is ahead of the others, by clock, oldest first.
import type { HeldClock } from '../../kernel/face.js';
import type { Lesson } from './learn.js';

/** Beyond these bounds, the oldest of all goes: its points are lost to the detectors, as late ones are. */
const MAX_REQUESTS = 256;
const MAX_BYTES = 32 << 20;

export class HeldRequests {
  readonly #lessons = new Map<number, Lesson[]>();
  #count = 0;
  #bytes = 0;

  all(): (readonly [number, Lesson])[] {
    return [...this.#lessons].flatMap(([clock, lessons]) => lessons.map((lesson) => [clock, lesson] as const));
  }

  /** It may wait for days, or go into a checkpoint: memory that is lent stays with it. */
  hold({ clock, isFirst }: HeldClock, lesson: Lesson): void {
    const last = this.#lessons.get(clock)?.at(-1);
    if (isFirst && last !== lesson) this.take(clock);
    else if (last === lesson) return;
    lesson.batch.lease?.forfeit();
    this.add(clock, lesson);
  }

  add(clock: number, lesson: Lesson): void {
    const lessons = this.#lessons.get(clock) ?? [];
    lessons.push(lesson);
    this.#lessons.set(clock, lessons);
    this.#count++;
    this.#bytes += lesson.batch.body.length;
    while (this.#count > 1 && (this.#count > MAX_REQUESTS || this.#bytes > MAX_BYTES)) this.#drop();
  }

  /** The requests of a clock, which are held no longer. */
  take(clock: number): readonly Lesson[] {
    const lessons = this.#lessons.get(clock) ?? [];
    this.#lessons.delete(clock);
    for (const lesson of lessons) this.#forget(lesson);
    return lessons;
  }

  /** Lets those go whose clock has nothing held any more. */
  prune(holds: (clock: number) => boolean): void {
    if (this.#lessons.size === 0) return;
    for (const clock of [...this.#lessons.keys()]) if (!holds(clock)) this.take(clock);
  }

  /** The first request of the clock that has waited longest. */
  #drop(): void {
    for (const [clock, lessons] of this.#lessons) {
      this.#forget(lessons.shift()!);
      if (lessons.length === 0) this.#lessons.delete(clock);
      return;
    }
  }

  #forget(lesson: Lesson): void {
    this.#count--;
    this.#bytes -= lesson.batch.body.length;
  }
}
