import type { PublishedTrial } from '@holdfast/trials';
import { type DueSlot, isClosedSchedule } from '../due/due-slot.ts';
import { jobName } from '../due/job-name.ts';
import { readMadeSlot } from '../due/made-slot.ts';
import { shelfOfSlot } from '../due/make-due.ts';
import { ReportRefused } from '../report-refused.ts';
import type { ReportShelves } from '../stored-reports.ts';
import { isDelivered, recordDelivery } from './delivery.ts';
import { DeliveryFailed } from './delivery-failed.ts';
import { messageOf, type ReportLinks } from './message.ts';
import { recipientNamed } from './recipients.ts';
import { sendMail } from './send-mail.ts';
import { sendWebhook } from './send-webhook.ts';
import { type LinkSecrets, signedLink } from './signed-link.ts';

/** The settings of deliveries; what is missing is asked for when something is to be sent. */
export type DeliverySettings = {
  /** Where recipients reach the routes of the report service. */
  readonly publicUrl: string | undefined;
  readonly linkSecrets: LinkSecrets;
  readonly linkDays: number;
  /** File of the recipients. */
  readonly recipients: string | undefined;
  readonly smtp: string | undefined;
  readonly mailFrom: string | undefined;
};

function needed<T>(value: T | undefined, setting: string, why: string): T {
  if (value === undefined) throw new ReportRefused(`${why} needs ${setting}; set it (docs/settings.md)`);
  return value;
}

/**
 * Sends one recipient links to what was made of a slot, and records it. Whoever is killed between the two sends again when the job is
 * repeated: the message then comes twice, under one id.
 */
export async function deliver(
  store: ReportShelves,
  settings: DeliverySettings,
  trial: PublishedTrial,
  slot: DueSlot,
  name: string,
  now: Date,
): Promise<void> {
  const shelf = await shelfOfSlot(store, trial, slot);
  const made = await readMadeSlot(shelf, slot.of.trial, slot.name);
  if (made === undefined) throw new DeliveryFailed(`nothing was made of ${slot.name} of ${slot.of.trial} yet`);
  if (await isDelivered(shelf, made, name)) return;
  const isClosed = isClosedSchedule(trial, slot.of);
  const recipient = await recipientNamed(settings.recipients, name);
  if (isClosed && !recipient.closed)
    throw new ReportRefused(
      `${name} is not said to be one for closed reports: add \`closed: true\` to the recipient, if the board wants it so`,
    );
  const side = isClosed ? 'closed' : 'open';
  const secretSetting = isClosed ? 'HOLDFAST_CLOSED_LINK_SECRET' : 'HOLDFAST_LINK_SECRET';
  const secret = needed(
    settings.linkSecrets[side],
    secretSetting,
    `a link to ${isClosed ? 'a closed' : 'an open'} report`,
  );
  const base = needed(settings.publicUrl, 'HOLDFAST_PUBLIC_URL', 'a link');
  const expires = Math.floor(now.getTime() / 1000) + settings.linkDays * 24 * 60 * 60;
  const linksOf = (report: string): ReportLinks => {
    const { kind, isDummy } = made;
    const prefix = isDummy ? 'DUMMY-' : '';
    const link = (file: string) =>
      signedLink(base, secret, side, { trial: made.trial, report, file: prefix + file, expires });
    return { pdf: link(`${kind}.pdf`), html: link(`${kind}.html`), manifest: link('manifest.json') };
  };
  const expiresAt = new Date(expires * 1000);
  const message = messageOf(
    made,
    jobName('send', made.trial, `${made.slot}__${name}`),
    isClosed,
    expiresAt,
    made.reports.map(linksOf),
  );
  const refused = 'webhook' in recipient ? await posted(recipient) : await mailed(recipient.email);
  await recordDelivery(shelf, {
    format: 'holdfast-delivery/1',
    ...{ trial: made.trial, slot: made.slot, recipient: name, by: 'webhook' in recipient ? 'webhook' : 'e-mail' },
    ...{ sentAt: now.toISOString(), linksExpireAt: expiresAt.toISOString(), reports: made.reports, refused },
  });

  async function posted({ webhook, secret }: { readonly webhook: string; readonly secret: string }): Promise<number> {
    await sendWebhook(webhook, secret, message, now);
    return 0;
  }
  function mailed(addresses: readonly string[]): Promise<number> {
    const url = needed(settings.smtp, 'HOLDFAST_SMTP', 'a mail');
    const from = needed(settings.mailFrom, 'HOLDFAST_MAIL_FROM', 'a mail');
    return sendMail({ url, from }, addresses, message);
  }
}
