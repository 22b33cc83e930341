/** Whether a path is left out, by the text of a .dockerignore. */
export function ignores(text: string): (path: string) => boolean;
