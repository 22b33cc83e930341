import { between } from './crash.mjs';

const embedded = await import(new URL(import.meta.url).searchParams.get('wraps'));
export const { copyEmbeddedLog } = embedded;

/** What an append is to Holdfast: an event that comes in, or tallies that are published as a claim or as differences. */
function kindOf(topic, records) {
  if (!topic.includes('.tallies.')) return topic.endsWith('.events') ? 'append' : undefined;
  return JSON.parse(Buffer.from(records[0].value).toString()).kind === 'claim' ? 'claim' : 'publication';
}

export async function embeddedEventLog(options) {
  const log = await embedded.embeddedEventLog(options);
  return {
    ...log,
    append(topic, records) {
      const kind = kindOf(topic, records);
      const append = () => log.append(topic, records);
      return kind === undefined ? append() : between(kind, append);
    },
  };
}
