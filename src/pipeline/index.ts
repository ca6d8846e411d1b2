// The vocabulary of pipelines. Imports nothing outside this folder.

export { Account, Held } from './account.js';
export * from './authenticator.js';
export * from './batch.js';
export * from './component.js';
export * from './consumer.js';
export * from './errors.js';
export * from './file-mode.js';
export * from './lease.js';
export * from './ledger.js';
export * from './ledger-limits.js';
