/** A participant, by what names one. */
export interface Named {
  readonly participant: string;
  /** A number stands anywhere and means anything: no text is looked through for it. */
  readonly isNumber: boolean;
  /** Whether a text names the participant, and not somebody whose id is a longer one. */
  isIn(text: string): boolean;
  isInBytes(bytes: Uint8Array): boolean;
  /** The text without the name. */
  blotted(text: string): string;
}

const erased = '[erased]';
const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength);

/**
 * How a participant is found in texts: by the id where it is a word of its own or a part of one (as in the id of an event, `ae-GB-01-0042-1`).
 * Where it begins, or ends, another participant's id too, only where nothing is joined to it on that side.
 */
export function namedBy(participant: string, everybody: Iterable<string>): Named {
  const isNumber = /^\d+$/.test(participant);
  const escaped = participant.replace(/[.]/g, '\\.');
  const others = [...everybody].filter((other) => other !== participant);
  const isJoined = (pattern: RegExp) => others.some((other) => pattern.test(other));
  const before = isJoined(new RegExp(`[._:-]${escaped}(?![A-Za-z0-9])`))
    ? '(?<![A-Za-z0-9][._:-]?)'
    : '(?<![A-Za-z0-9])';
  const after = isJoined(new RegExp(`(?<![A-Za-z0-9])${escaped}[._:-]`)) ? '(?![._:-]?[A-Za-z0-9])' : '(?![A-Za-z0-9])';
  const [one, all] = [new RegExp(`${before}${escaped}${after}`), new RegExp(`${before}${escaped}${after}`, 'g')];
  const sought = Buffer.from(participant);
  const isIn = (text: string) => !isNumber && one.test(text);
  return {
    participant,
    isNumber,
    isIn,
    // Few records hold the bytes: only these are read.
    isInBytes: (bytes) => asBuffer(bytes).includes(sought) && isIn(asBuffer(bytes).toString('utf8')),
    blotted: (text) => (isNumber ? text : text.replace(all, erased)),
  };
}

/** What is looked for where nothing may be missed: the bytes of the id, whatever stands around them. */
export function anywhere({ participant, isNumber }: Named): Pick<Named, 'isIn' | 'isInBytes'> {
  const sought = Buffer.from(participant);
  return {
    isIn: (text) => !isNumber && text.includes(participant),
    isInBytes: (bytes) => !isNumber && asBuffer(bytes).includes(sought),
  };
}

/** A JSON value with another text in the place of each of its strings. */
function withTexts(value: unknown, text: (before: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map((item) => withTexts(item, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withTexts(item, text)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The name of a participant in the words of a question: whatever the id is, the option says that it is one. */
function blottedQuestion(question: string, { participant, blotted }: Named): string {
  const words = question.split(' ').map((word, i, all) => {
    const isOption = word === `--participant=${participant}`;
    return isOption || (word === participant && all[i - 1] === '--participant')
      ? word.replace(participant, erased)
      : word;
  });
  return blotted(words.join(' '));
}

/** A record of the audit log without the name of a participant; the very same bytes if it does not stand there. */
export function blottedAudit(value: Uint8Array, named: Named): Uint8Array {
  if (!asBuffer(value).includes(named.participant)) return value;
  const record = parsed(asBuffer(value).toString('utf8'));
  if (typeof record !== 'object' || record === null) return value;
  const { at, who, ...said } = record as Record<string, unknown>;
  const blotted = withTexts(said, (text) => blottedQuestion(text, named)) as object;
  const isSame = JSON.stringify(blotted) === JSON.stringify(said);
  const stamp = Object.fromEntries(Object.entries({ at, who }).filter(([, one]) => one !== undefined));
  return isSame ? value : Buffer.from(JSON.stringify({ ...stamp, ...blotted }));
}

/** A receipt without the name of a participant in its texts; undefined if it does not stand there, or what is there is no JSON. */
export function blottedReceipt(text: string, { blotted }: Named): string | undefined {
  const receipt = parsed(text);
  const other = withTexts(receipt, blotted);
  if (JSON.stringify(other) === JSON.stringify(receipt)) return undefined;
  return `${JSON.stringify(other, null, 1)}\n`;
}
