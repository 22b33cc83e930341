import { readFile } from 'node:fs/promises';
import { parseYaml } from '@holdfast/events';
import { z } from 'zod';
import { ReportRefused } from '../report-refused.ts';

const isLoopback = (host: string) => ['localhost', '127.0.0.1', '[::1]'].includes(host);

/** A link opens a report to whoever has it, so it is sent in clear to this machine alone. */
const webhook = z.string().refine(
  (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  },
  { error: 'must be an https URL; http is for this machine alone (localhost)' },
);

const mayBeClosed = z.boolean().default(false);

const Recipient = z.union(
  [
    z.strictObject({ email: z.array(z.email()).min(1).max(50), closed: mayBeClosed }),
    z.strictObject({ webhook, secret: z.string().min(32).max(200), closed: mayBeClosed }),
  ],
  { error: 'must have email, a list of addresses; or webhook, a URL, with a secret of at least 32 characters' },
);
/** Where somebody is told, and whether closed reports are for them. */
export type Recipient = z.infer<typeof Recipient>;

const File = z.strictObject({
  format: z.literal('holdfast-recipients/1'),
  recipients: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), Recipient),
});

/** Finds a recipient by name; read anew each time, so that a mended file is enough. What is refused tells nothing of addresses and secrets. */
export async function recipientNamed(file: string | undefined, name: string): Promise<Recipient> {
  if (file === undefined)
    throw new ReportRefused(`nobody knows how to reach ${name}: name a file of recipients by HOLDFAST_RECIPIENTS`);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ReportRefused(`cannot read the recipients in ${file} (${cause.code}); look at HOLDFAST_RECIPIENTS`, {
      cause,
    });
  });
  const parsed = parseYaml(File, text, 'file of recipients');
  if (!parsed.ok) {
    const [first] = parsed.problems;
    throw new ReportRefused(`the recipients in ${file} cannot be used: ${first?.path}: ${first?.message}`);
  }
  const found = parsed.value.recipients[name];
  if (found === undefined)
    throw new ReportRefused(`${file} has no recipient ${name}, whom the protocol names; add it, or amend the protocol`);
  return found;
}
