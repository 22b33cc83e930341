/** How a series looks: a colour, and a dash for who cannot tell colours apart. */
export type SeriesStyle = { readonly colour: string; readonly dash: string };

/**
 * Okabe and Ito's colours, which people of every kind of colour vision tell apart (Okabe M., Ito K. (2008), Color universal design),
 * those first that stand out from white.
 */
const colours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'] as const;
const dashes = ['none', '7 3', '2 2', '9 3 2 3', '12 4', '5 2 1 2 1 2', '1 3'] as const;

/** All arms together. */
const pooled: SeriesStyle = { colour: '#444444', dash: 'none' };

/**
 * The look of a series by its place: an arm's is its order in the protocol, and so the same in every figure. Beyond the colours that
 * can be told apart they come again with another dash. Undefined: all arms together.
 */
export function seriesStyle(place: number | undefined): SeriesStyle {
  if (place === undefined) return pooled;
  const turn = Math.floor(place / colours.length);
  return {
    colour: colours[place % colours.length] ?? pooled.colour,
    dash: dashes[(place + turn) % dashes.length] ?? 'none',
  };
}
