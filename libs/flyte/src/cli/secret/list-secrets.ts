import { withFlyte } from '../connection.js';
import { answer, dateText, table, take } from '../output.js';
import type { ScopeFlags } from './scope-option.js';

/** Lists secrets by their names. */
export function listSecrets(flags: ScopeFlags & { readonly limit: number }): Promise<void> {
  return withFlyte(flags, async ({ client, signal }) => {
    const { limit, scope } = flags;
    const secrets = await take(limit, (pageSize) => client.secrets.list({ signal, scope, pageSize }));
    await answer(flags, secrets, () =>
      table(
        ['NAME', 'PROJECT', 'DOMAIN', 'CREATED'],
        secrets.map(({ name, project, domain, createdAt }) => [name, project, domain, dateText(createdAt)]),
      ),
    );
  });
}
