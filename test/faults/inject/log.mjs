import { between } from './crash.mjs';

const meant = await import(new URL(import.meta.url).searchParams.get('wraps'));

/** What an append is to Holdfast: an event that comes in, or tallies that are published as a claim or as differences. */
function kindOf(topic, records) {
  if (!topic.includes('.tallies.')) return /\.events(\.r\d+)?$/.test(topic) ? 'append' : undefined;
  return JSON.parse(Buffer.from(records[0].value).toString()).kind === 'claim' ? 'claim' : 'publication';
}

const crashing = (log) => ({
  ...log,
  append(topic, records) {
    const kind = kindOf(topic, records);
    const append = () => log.append(topic, records);
    return kind === undefined ? append() : between(kind, append);
  },
});

export const embeddedEventLog = async (options) => crashing(await meant.embeddedEventLog(options));
export const kafkaEventLog = (options) => crashing(meant.kafkaEventLog(options));
