export { chooseMeasure } from './choose-measure.ts';
export { type AskedContrasts, contrastColumns, contrastRows, twoFactors } from './contrast-rows.ts';
export { csvLines } from './csv-lines.ts';
export { endpointColumns, endpointRows } from './endpoint-rows.ts';
export { estimateColumns, estimateRows, notComputed } from './estimate-rows.ts';
export { QuestionRefused } from './question-refused.ts';
export { type AskedRates, besideAllPolicies, rateColumns, rateRows } from './rate-rows.ts';
export {
  chooseAxis,
  choosePolicies,
  chooseRateMeasure,
  chooseWindows,
  curveDaysOf,
  firstDayOf,
  parseAxisDays,
  type RateMeasure,
} from './rate-selectors.ts';
export { safetyColumns, safetyNumbers, safetyRows } from './safety-rows.ts';
export { type By, controlArm, factorsOf, type Part, parseBy, parseDays, partsOf, tellsArms } from './selectors.ts';
export {
  type AskedValues,
  chooseValueMeasure,
  dueOf,
  refuseUnknown,
  type ShownValue,
  shownValues,
} from './shown-values.ts';
export { type SiteFigures, siteColumns, siteRow } from './site-rows.ts';
export { type AskedSurvival, chooseFirstEvent, survivalColumns, survivalRows } from './survival-rows.ts';
export {
  type AskedTipping,
  chooseAbstinence,
  pairsOf,
  tippingColumns,
  tippingKeys,
  tippingRows,
} from './tipping-rows.ts';
export type { Value } from './value.ts';
export { unitOfValue } from './value-units.ts';
