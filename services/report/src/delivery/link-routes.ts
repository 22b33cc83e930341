import { checkKey, type ObjectStore } from '@holdfast/objects';
import type { FastifyInstance } from 'fastify';
import { type LinkSecrets, openedBy } from './signed-link.ts';

export type LinkRoutesOptions = {
  readonly secrets: LinkSecrets;
  readonly shelves: { readonly open: ObjectStore; readonly closed: ObjectStore };
  /** Puts on record that somebody opened a file of a closed report; what cannot be recorded is not shown. */
  readonly onClosedLook: (trial: string, question: string) => Promise<void>;
  readonly now: () => Date;
};

type Asked = {
  readonly Params: { readonly trial: string; readonly report: string; readonly file: string };
  readonly Querystring: { readonly expires?: string; readonly signature?: string };
};

const contentTypes: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json',
  parquet: 'application/vnd.apache.parquet',
};

function keyOf({ trial, report, file }: Asked['Params']): string | undefined {
  const key = `reports/${trial}/${report}/${file}`;
  try {
    checkKey(key);
  } catch {
    return undefined;
  }
  return [trial, report, file].some((part) => part.includes('/')) ? undefined : key;
}

/**
 * Serves files of reports to whoever has a link that was signed here and has not expired. All that is wrong with a link has one answer, so
 * nobody learns from it what there is.
 */
export function linkRoutes(app: FastifyInstance, { secrets, shelves, onClosedLook, now }: LinkRoutesOptions): void {
  app.get<Asked>('/reports/:trial/:report/:file', async ({ params, query }, reply) => {
    const { expires = '', signature = '' } = query;
    const isWhole = typeof expires === 'string' && typeof signature === 'string' && /^\d{1,12}$/.test(expires);
    const side = isWhole ? openedBy(secrets, { ...params, expires: Number(expires) }, signature, now()) : undefined;
    const key = keyOf(params);
    const bytes = side && key && (await shelves[side].get(key));
    reply.headers({
      'cache-control': 'private, no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    if (!bytes)
      return reply.status(404).send({
        code: 'HF_NO_SUCH_LINK',
        message: 'this link opens nothing: it has expired, or was changed on its way; ask for a new one',
      });
    if (side === 'closed') await onClosedLook(params.trial, `report link ${params.report} ${params.file}`);
    // A page of ours has no script, and may run none; a PDF in a sandbox is not shown by some browsers.
    if (/\.(html|svg)$/.test(params.file))
      reply.header(
        'content-security-policy',
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox",
      );
    const extension = params.file.slice(params.file.lastIndexOf('.') + 1);
    return reply.type(contentTypes[extension] ?? 'application/octet-stream').send(Buffer.from(bytes));
  });
}
