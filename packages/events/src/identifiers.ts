import { z } from 'zod';

/** Text that people type and that ends in keys, file names or topic names. */
const name = (what: string, pattern: RegExp, example: string) =>
  z.string().regex(pattern, { error: `not a valid ${what}; write it like ${example}` });

export const TrialId = name(
  'trial id (1 to 64 letters, digits, . _ -)',
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  'CTN-0027',
);
export const SiteId = name('site id (1 to 64 letters, digits, . _ -)', /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'GB-01');
export const ParticipantId = name(
  'participant id (1 to 64 letters, digits, . _ : -)',
  /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/,
  'GB-01-0042',
);
export const SubstanceId = name('substance id (lower case letters, digits, -)', /^[a-z0-9][a-z0-9-]{0,63}$/, 'cocaine');
/** An arm is named as the trial names it, spaces and signs included: it is shown, never used as a path or key. */
export const ArmId = z.string().min(1).max(120);
/** A data cut is asked for by its name, which ends in keys of objects. */
export const CutName = name(
  'name of a data cut (1 to 64 letters, digits, . _ -)',
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  'dsmb-2',
);
export const VisitId = z.string().min(1).max(64);
export const FactorId = name('factor id (lower case letters, digits, -)', /^[a-z][a-z0-9-]{0,31}$/, 'drug');
export const PeriodId = name('period id (1 to 64 letters, digits, . _ -)', /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'P1');
export const AdverseEventId = name(
  'adverse event id (1 to 64 letters, digits, . _ -)',
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  'AE-7',
);
export const InstrumentId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/, { error: 'not an instrument id; write it like HAM-D-17' });
/** The name of a baseline covariate. */
export const CovariateId = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]{0,63}$/, { error: 'not the name of a covariate; write it like ageAtConsent' });
/** The name of an item or subscore of an instrument. */
export const ItemId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, { error: 'not the name of an item; write it like item-3' });
/** A unit as people write it: drinks, g, mmol/L, USD. */
export const Unit = z.string().min(1).max(16);
/** What is no date aborts: the rules of what holds it compare dates only. */
/** A typo in the year must not set a trial's clock: beyond these years nobody was followed, and nobody will be. */
const plausibleYear = /^(19|20|21)\d\d-/;
const implausible = { error: 'lies outside the years 1900 to 2199; correct the year' };

export const CivilDate = z.iso
  .date({ error: 'not a calendar date; write it like 2026-03-02', abort: true })
  .regex(plausibleYear, implausible)
  .meta({ format: 'date' });
export const Instant = z.iso
  .datetime({
    offset: true,
    error: 'not an RFC 3339 time with the site’s own offset; write it like 2026-03-02T10:15:00+00:00',
    abort: true,
  })
  .regex(plausibleYear, implausible)
  .meta({ format: 'date-time' });
/** Free text is short and optional, and leaves the system in no alert or report by default. */
export const ShortText = z.string().min(1).max(200);
