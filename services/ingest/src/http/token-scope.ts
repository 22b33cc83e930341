import type { Token } from '@holdfast/trials';
import { Refusal } from './refusal.ts';

/** The one source whose events a token may send. */
export function sourceOf({ trial, role, site }: Token): string {
  switch (role) {
    case 'site':
      return `/trials/${trial}/sites/${site}`;
    case 'randomisation':
      return `/trials/${trial}/randomisation`;
    case 'coordinator':
      throw new Refusal('not-allowed', 'a coordinator’s token sends no events; use that of the site');
  }
}
