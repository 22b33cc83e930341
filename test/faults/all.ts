/** Whether all faults are tried, as `npm run test:faults` does, or a few of each kind. */
export const all = process.env.FAULTS === 'all';
