// Checks passwords against bcrypt in a thread of its own: each takes up to seconds of computing.
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

export interface Question {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface Answer {
  readonly id: number;
  readonly isRight: boolean;
}

parentPort?.on('message', ({ id, password, hash }: Question) => {
  const answer: Answer = { id, isRight: compareSync(password, hash) };
  parentPort?.postMessage(answer);
});
