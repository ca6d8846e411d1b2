// What extensions say of files with secrets: their names, never what is in them.
import type { Settings } from '../config/settings.js';
import { formatId } from '../pipeline/index.js';
import type { SecretFileEvents } from './secret-file.js';

export function secretFileEvents({ telemetry, id }: Pick<Settings, 'telemetry' | 'id'>): SecretFileEvents {
  const log = telemetry.log.child({ component: formatId(id), kind: 'extension' });
  return {
    changed: (file) => log.info({ file }, 'Credentials were read again: the file has changed'),
    failed: (file, err) => log.error({ file, err }, 'Credentials cannot be read again; those from before hold'),
  };
}
