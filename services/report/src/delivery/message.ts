import type { MadeSlot } from '../due/made-slot.ts';

/** A link to each file of a report that is linked to. */
export type ReportLinks = { readonly pdf: string; readonly html: string; readonly manifest: string };

/** That a report is there, and where. Nothing else, not even its size; but the links name the report, and so its kind. */
export type Message = {
  /** Names the delivery: a message that comes twice has it twice. */
  readonly id: string;
  readonly trial: string;
  readonly slot: string;
  readonly isClosed: boolean;
  readonly expires: string;
  readonly reports: readonly ReportLinks[];
};

export function messageOf(
  made: MadeSlot,
  id: string,
  isClosed: boolean,
  expires: Date,
  reports: readonly ReportLinks[],
): Message {
  const { trial, slot } = made;
  return { id, trial, slot, isClosed, expires: expires.toISOString(), reports };
}

/** The message as people read it. */
export function inWords({ trial, slot, isClosed, expires, reports }: Message): {
  readonly subject: string;
  readonly text: string;
} {
  const what = isClosed ? 'a closed report' : reports.length === 1 ? 'a report' : `${reports.length} reports`;
  const is = reports.length === 1 || isClosed ? 'is' : 'are';
  const links = reports.flatMap(({ pdf, html }) => [`PDF:  ${pdf}`, `HTML: ${html}`, '']);
  return {
    subject: `${trial}: ${what} ${is} ready (${slot})`,
    text: [
      `${trial}: ${what} ${is} ready (${slot}).`,
      '',
      ...links,
      `Whoever has a link can open it, until ${expires}. Do not pass it on${isClosed ? ': it shows numbers by arm' : ''}.`,
    ].join('\n'),
  };
}

/** The message as programs read it. */
export const inJson = (message: Message): string => JSON.stringify({ type: 'report-ready', ...message });
