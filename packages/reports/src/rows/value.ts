/** A value in a cell; undefined is shown as nothing. */
export type Value = string | number | undefined;
