export { type ConsortBox, type ConsortColumn, type ConsortFigure, consortFigure } from './consort.ts';
export {
  type CountRow,
  type CurvePoint,
  type CurveSeries,
  type CurvesFigure,
  curvesFigure,
  dayTicks,
} from './curves.ts';
export { type ForestFigure, type ForestRow, forestSheets } from './forest.ts';
export { type HeatMapFigure, type HeatMapPanel, heatMapSheets } from './heat-map.ts';
export { type SeriesStyle, seriesStyle } from './series-style.ts';
export type { Sheets } from './sheets.ts';
export { fontFamily, stamped } from './svg.ts';
