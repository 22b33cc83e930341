/** What a site programmer wants to know of a type and its schema does not say. */
export type TypeNote = {
  /** What an event of it changes in what Holdfast shows. */
  readonly changes: string;
  /** Closed in a double-blind trial: always, or if it has this field. Absent: open, unless the protocol closes it. */
  readonly closed?: 'always' | { readonly ifGiven: string };
};

/** Every type, in the order and groups in which people read of them. A new type needs a line here too. */
export const typeNotes: Readonly<Record<string, Readonly<Record<string, TypeNote>>>> = {
  'Joining, and being allocated': {
    screened: { changes: 'Counts among those screened, with the reasons. It is the one type that needs no enrolment.' },
    'participant-enrolled': {
      changes:
        'Makes the participant known: until it comes, everything else of the participant is set aside. Study days count from consent until randomisation. Of several the one recorded first counts.',
    },
    'participant-randomised': {
      changes:
        'Sets study day 0; from then on the participant counts. Of several the one recorded first counts, the others are listed.',
    },
    'participant-rerandomised': {
      changes: 'Anchors what the protocol declares from it, such as patterns. It never moves study day 0.',
    },
    'arm-assigned': {
      changes: 'Says in which arm the participant counts. Without it, only in what is not by arm, and is listed.',
      closed: 'always',
    },
    'period-started': {
      changes: 'Is kept for analyses by period: from this day on the days are of that period. It changes no rate.',
      closed: { ifGiven: 'sequence' },
    },
  },
  'Visits, and evidence of use': {
    'visit-attended': {
      changes:
        'Where the protocol says `attendedVisit: negative`, a kept visit without any urine screen is evidence of no use. Else it shows that the participant is still there.',
    },
    'visit-missed': { changes: 'Shows that a visit was missed, and why. A missed visit says nothing of use.' },
    'urine-screen': {
      changes:
        'Gives evidence on its day for each substance with a positive or negative result; of several screens a positive counts. An invalid sample says nothing.',
    },
    biomarker: {
      changes:
        'A positive one says that there was use on at least one day of its look-back; a negative one is evidence against any.',
    },
    'use-calendar': {
      changes:
        'Gives evidence on each of its days: of use where it lists some, and if every day was asked, of none elsewhere. The shorter recall counts; informants are kept apart, and the measure’s evidence rule joins them.',
    },
    'controlled-environment': {
      changes:
        'Takes its days out of measures with `controlledDays: exclude`: who cannot use is not abstinent. Other measures ignore it.',
    },
  },
  'Scores and tests': {
    'scale-score': {
      changes:
        'Is kept for what is computed of its instrument, such as response and remission. It is no evidence of use.',
      closed: { ifGiven: 'hoursAfterDose' },
    },
    'choice-task': { changes: 'Is kept for the share of choices of the substance. It is no evidence of use.' },
    'lab-result': { changes: 'Is kept for safety. A test for use is a `urine-screen` or a `biomarker`.' },
    'vital-signs': { changes: 'Is kept for safety.', closed: { ifGiven: 'minutesAfterDose' } },
  },
  'Treatment, and leaving it': {
    'dose-given': { changes: 'Is kept for exposure: sessions, and doses planned and given.', closed: 'always' },
    'therapy-session': { changes: 'Is kept for exposure to the psychological treatment.', closed: 'always' },
    'concomitant-medication': {
      changes: 'Is kept for estimands, which say what it does to an outcome. By itself it changes no rate.',
    },
    'treatment-discontinued': { changes: 'Changes no rate unless an estimand says so. Follow-up goes on, and counts.' },
    'consent-withdrawn': {
      changes: 'Changes no rate unless an estimand says so. Send `participant-left` too if follow-up ends.',
    },
    'participant-left': {
      changes:
        'Ends follow-up: under `missing-is-use` windows without evidence count as use from then on, nothing is carried forward. Evidence from before stays. A death excludes the days after it, or censors, as the measure declares.',
    },
  },
  Safety: {
    'adverse-event': {
      changes: 'Is kept for safety, once for each `ae`: of its reports the one recorded last says how it stands.',
    },
    overdose: { changes: 'Is kept for safety. It is no evidence of use.' },
    'protocol-deviation': { changes: 'Is kept for the count of deviations, by site.' },
  },
  Blinding: {
    'allocation-guess': { changes: 'Is kept for the blinding index.', closed: 'always' },
    unblinding: { changes: 'Is kept for the count of broken blinds.', closed: 'always' },
  },
  'Putting right what was sent': {
    correction: {
      changes:
        'Puts its `event` in the place of the target. Of several corrections of one event the one recorded last counts; it may come before its target, and waits for it. As closed as what it puts in place.',
    },
    retraction: {
      changes:
        'Takes the target back, with its corrections. A retracted correction restores what it had replaced; a retracted retraction does nothing.',
    },
  },
  'Written by Holdfast': {
    sealed: {
      changes:
        'What its box holds, for whoever has the key. A site may seal by itself; it is refused in an open-label trial, and if sealed to another key.',
    },
    'day-turned': { changes: 'Moves the trial’s clock: days mature, and enter the rates. Sites do not send it.' },
    'cut-marked': { changes: 'Says where a [data cut](data-cuts.md) ends; changes no fact. Sites do not send it.' },
  },
};
