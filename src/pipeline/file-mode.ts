// Who may read what we write.

/**
 * Mode of every file that data, state or log lines go into: its owner writes, its group reads, nobody else. What is
 * exported, logged and learnt tells of services, and headers may be in it. A file that is there already keeps the mode
 * that it was given.
 */
export const FILE_MODE = 0o640;
