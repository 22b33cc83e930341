import { open } from 'node:fs/promises';
import { createToken, type Grant, listTokens, revokeToken, type TokenRole, tokenRoles } from '@holdfast/trials';
import { type Command, Option } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

type CreateOptions = {
  readonly trial: string;
  readonly role: TokenRole;
  readonly site?: string;
  readonly out?: string;
};

function grantFor(store: Store, { trial, role, site }: CreateOptions): Grant {
  const { protocol } = chooseTrial(store, trial);
  if (role !== 'site' && site !== undefined)
    throw new CommandFailed(`a token of role ${role} is of the whole trial; leave --site out, or choose --role site`);
  if (role !== 'site') return { trial, role };
  if (site === undefined || !protocol.sites.includes(site))
    throw new CommandFailed(
      `${site === undefined ? 'a site’s token needs --site' : `${trial} has no site ${site}`}; it has ${protocol.sites.join(', ')}`,
    );
  return { trial, role, site };
}

/** Opened before the token is made: a secret that could not be written would be lost. */
async function fileFor(out: string) {
  return open(out, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EEXIST' ? 'is there already and is not overwritten' : `cannot be written (${cause.code})`;
    throw new CommandFailed(`${out} ${why}; choose another name`, { cause });
  });
}

async function create(options: CreateOptions, command: Command): Promise<void> {
  await withStore(command, 'write', async (store) => {
    const grant = grantFor(store, options);
    const { out } = options;
    const what = `of ${grant.trial}, ${grant.role}${grant.site === undefined ? '' : ` ${grant.site}`}`;
    if (out === undefined) {
      const { id, secret } = await createToken(store.log, grant);
      console.log(secret);
      console.error(`token ${id} ${what}: its secret stands above, now and never again; hand it over safely`);
      return;
    }
    const handle = await fileFor(out);
    try {
      const { id, secret } = await createToken(store.log, grant);
      await handle.writeFile(`${secret}\n`);
      await handle.sync();
      console.error(`token ${id} ${what}: its secret is in ${out}, and nowhere else`);
    } finally {
      await handle.close();
    }
  });
}

const columns = ['id', 'trial', 'role', 'site', 'created', 'revoked'] as const;

async function list(format: Format, command: Command): Promise<void> {
  await withStore(command, 'read', async ({ log }) => {
    const rows = (await listTokens(log)).map(({ id, trial, role, site, createdAt, revokedAt }) => [
      ...[id, trial, role, site, createdAt, revokedAt],
    ]);
    await printRows(columns, rows, format);
  });
}

export function tokenCommand(program: Command): void {
  const token = program.command('token').description('who may send events to a running server');
  token
    .command('create')
    .description('make a token; its secret is shown once, or written to a file that only you can read')
    .requiredOption('--trial <trial>', 'a published trial')
    .addOption(
      new Option('--role <role>', 'whose token it is; arms come with that of the randomisation service only')
        .choices(tokenRoles)
        .makeOptionMandatory(),
    )
    .option('--site <site>', 'the site, for role site')
    .option('--out <file>', 'where the secret is written; must not exist yet')
    .action((options: CreateOptions, command: Command) => create(options, command));
  token
    .command('list')
    .description('all tokens, also revoked ones, without their secrets')
    .addOption(formatOption())
    .action((options: { format: Format }, command: Command) => list(options.format, command));
  token
    .command('revoke <id>')
    .description('take a token’s rights away for good; a running server knows within a second')
    .action(async (id: string, _options: unknown, command: Command) => {
      await withStore(command, 'write', async ({ log }) => {
        console.error(`token ${id}: ${await revokeToken(log, id)}`);
      });
    });
}
