// What the rest of the program knows of storage on disk.
export { DirectoryLock, LockedError } from './directory-lock.js';
export { DISK, type Disk, type DiskFile } from './disk.js';
export { DiskBudget } from './disk-budget.js';
export { type LeftRequest, type LogEvents, LogFullError, type LogOptions } from './log-options.js';
export { type LogContent, readLog } from './read-log.js';
export { DamagedError, type StoredRequest } from './segment.js';
export { SegmentLog } from './segment-log.js';
