export class MissingProgram extends Error {}
export function isInstalled(program: string): boolean;
