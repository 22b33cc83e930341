/** The lowest and highest score there is. */
export type ScoreRange = { readonly low: number; readonly high: number };
/** So many items, each within one range (the widest, where items differ); or items by name, each with its own. */
export type ItemRanges =
  | (ScoreRange & { readonly count: number })
  | { readonly named: Readonly<Record<string, ScoreRange>> };

/** A rating scale: what it can score, and what a score means. */
export type Instrument = {
  readonly title: string;
  /** Absent: there is no total, items alone are scored. */
  readonly total?: ScoreRange;
  /** Absent: items may be anything. */
  readonly items?: ItemRanges;
  /** Absent: subscores may be of any name and size. */
  readonly subscores?: Readonly<Record<string, ScoreRange>>;
  /** What a higher total means. */
  readonly higher: 'worse' | 'better' | 'neither';
  /** Response: the total fell by at least this share of its baseline. */
  readonly response?: { readonly fall: number };
  /** Remission: the total is at most this. */
  readonly remission?: { readonly atMost: number };
  /** Author and year of range and cut-offs. */
  readonly source: string;
};

const yesOrNo: ScoreRange = { low: 0, high: 1 };
const half = { fall: 0.5 };

/** The instruments that every trial may use, by id. A protocol may declare others, and replace what is said here. */
export const instruments: ReadonlyMap<string, Instrument> = new Map<string, Instrument>([
  [
    'HAM-D-17',
    {
      title: 'Hamilton Depression Rating Scale, 17 items',
      total: { low: 0, high: 52 },
      items: { count: 17, low: 0, high: 4 },
      higher: 'worse',
      response: half,
      remission: { atMost: 7 },
      source: 'Hamilton 1960; remission: Frank 1991',
    },
  ],
  [
    'HAM-D-21',
    {
      title: 'Hamilton Depression Rating Scale, 21 items',
      total: { low: 0, high: 64 },
      items: { count: 21, low: 0, high: 4 },
      higher: 'worse',
      response: half,
      remission: { atMost: 7 },
      source: 'Hamilton 1960; remission: Zarate 2006',
    },
  ],
  [
    'MADRS',
    {
      title: 'Montgomery–Åsberg Depression Rating Scale',
      total: { low: 0, high: 60 },
      items: { count: 10, low: 0, high: 6 },
      higher: 'worse',
      response: half,
      remission: { atMost: 9 },
      source: 'Montgomery & Åsberg 1979; remission: Hawley 2002',
    },
  ],
  [
    'BDI-II',
    {
      title: 'Beck Depression Inventory II',
      total: { low: 0, high: 63 },
      items: { count: 21, low: 0, high: 3 },
      higher: 'worse',
      response: half,
      remission: { atMost: 13 },
      source: 'Beck 1996 (at most 13: minimal)',
    },
  ],
  [
    'PHQ-9',
    {
      title: 'Patient Health Questionnaire, depression module',
      total: { low: 0, high: 27 },
      items: { count: 9, low: 0, high: 3 },
      higher: 'worse',
      response: half,
      remission: { atMost: 4 },
      source: 'Kroenke 2001; response and remission: Löwe 2004',
    },
  ],
  [
    'craving-VAS',
    {
      title: 'Craving, visual analogue scale of 100 mm',
      total: { low: 0, high: 100 },
      items: { count: 1, low: 0, high: 100 },
      higher: 'worse',
      source: 'McCormack 1988',
    },
  ],
  [
    'CADSS',
    {
      title: 'Clinician-Administered Dissociative States Scale',
      total: { low: 0, high: 108 },
      items: { count: 27, low: 0, high: 4 },
      higher: 'worse',
      source: 'Bremner 1998 (27 items; of the 23 that are self-rated at most 92)',
    },
  ],
  [
    'MEQ30',
    {
      title: 'Mystical Experience Questionnaire, 30 items, as a sum',
      total: { low: 0, high: 150 },
      items: { count: 30, low: 0, high: 5 },
      higher: 'neither',
      source: 'MacLean 2012; Barrett 2015',
    },
  ],
  [
    'BPRS-positive',
    {
      title: 'Brief Psychiatric Rating Scale, four positive items',
      total: { low: 4, high: 28 },
      items: { count: 4, low: 1, high: 7 },
      higher: 'worse',
      source: 'Overall & Gorham 1962',
    },
  ],
  [
    'C-SSRS',
    {
      title: 'Columbia Suicide Severity Rating Scale',
      items: {
        named: {
          ideation: { low: 0, high: 5 },
          intensity: { low: 0, high: 25 },
          preparatory: yesOrNo,
          aborted: yesOrNo,
          interrupted: yesOrNo,
          attempt: yesOrNo,
          'self-injury': yesOrNo,
        },
      },
      higher: 'worse',
      source: 'Posner 2011 (ideation 4 and 5: intent, intent with plan; behaviour 0 no, 1 yes)',
    },
  ],
  [
    'CIWA-Ar',
    {
      title: 'Clinical Institute Withdrawal Assessment for Alcohol, revised',
      total: { low: 0, high: 67 },
      items: { count: 10, low: 0, high: 7 },
      higher: 'worse',
      source: 'Sullivan 1989',
    },
  ],
  [
    'COWS',
    {
      title: 'Clinical Opiate Withdrawal Scale',
      total: { low: 0, high: 48 },
      items: { count: 11, low: 0, high: 5 },
      higher: 'worse',
      source: 'Wesson & Ling 2003',
    },
  ],
  [
    'AUDIT',
    {
      title: 'Alcohol Use Disorders Identification Test',
      total: { low: 0, high: 40 },
      items: { count: 10, low: 0, high: 4 },
      higher: 'worse',
      source: 'Saunders 1993',
    },
  ],
  [
    'URICA',
    {
      title: 'University of Rhode Island Change Assessment, readiness to change',
      total: { low: -2, high: 14 },
      items: { count: 32, low: 1, high: 5 },
      higher: 'better',
      source: 'McConnaughy 1983; readiness: DiClemente 2004',
    },
  ],
  [
    'BPIC-SS',
    {
      title: 'Bladder Pain/Interstitial Cystitis Symptom Score',
      total: { low: 0, high: 38 },
      items: { count: 8, low: 0, high: 10 },
      higher: 'worse',
      source: 'Humphrey 2012',
    },
  ],
  [
    'ICSI',
    {
      title: 'O’Leary–Sant Interstitial Cystitis Symptom Index',
      total: { low: 0, high: 20 },
      items: { count: 4, low: 0, high: 5 },
      higher: 'worse',
      source: 'O’Leary 1997',
    },
  ],
  [
    'ICPI',
    {
      title: 'O’Leary–Sant Interstitial Cystitis Problem Index',
      total: { low: 0, high: 16 },
      items: { count: 4, low: 0, high: 4 },
      higher: 'worse',
      source: 'O’Leary 1997',
    },
  ],
]);
