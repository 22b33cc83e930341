import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { DeliveryFailed } from './delivery-failed.ts';
import { inWords, type Message } from './message.ts';

export type MailServer = {
  /** `smtp://USER:PASSWORD@HOST:PORT`, or `smtps://`. */
  readonly url: string;
  readonly from: string;
};

const patienceMs = 20_000;

/**
 * Sends a mail to several people at once; they do not see each other. A mail that is sent again has the same Message-ID. Answers how many
 * addresses the server refused: it has taken the mail for the others, who would have it twice if it was sent again.
 */
export async function sendMail({ url, from }: MailServer, to: readonly string[], message: Message): Promise<number> {
  const transport = createTransport({
    url,
    connectionTimeout: patienceMs,
    greetingTimeout: patienceMs,
    socketTimeout: patienceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const messageId = `<${createHash('sha256').update(message.id).digest('hex')}@holdfast>`;
  try {
    const { rejected } = await transport.sendMail({ from, bcc: [...to], messageId, ...inWords(message) });
    return rejected.length;
  } catch (cause) {
    const { code = 'ERROR', responseCode = '' } = cause as { code?: string; responseCode?: number };
    throw new DeliveryFailed(
      `the mail server at ${new URL(url).host} did not take the mail (${code} ${responseCode})`,
      {
        cause,
      },
    );
  } finally {
    transport.close();
  }
}
