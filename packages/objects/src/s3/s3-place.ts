import { InvalidPlace } from '../object-errors.ts';

/** Where in which S3 store objects lie. Without an endpoint it is AWS; without keys they come from where its tools look for them. */
export type S3Place = {
  readonly bucket: string;
  /** What all keys begin with, empty or ending in a slash. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
};

const forms =
  'https://KEY:SECRET@HOST/BUCKET[/PREFIX][?region=REGION], or s3://BUCKET[/PREFIX][?region=REGION] for AWS';

/** Reads a place from a URL. The message of its error never holds the URL, which has a secret in it. */
export function s3Place(text: string): S3Place {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:', 's3:'].includes(url.protocol))
    throw new InvalidPlace(`the place of the S3 store is no URL that can be used: write ${forms}`);
  const isAws = url.protocol === 's3:';
  const names = [...(isAws ? [url.hostname] : []), ...url.pathname.split('/')].filter((name) => name !== '');
  const [bucket, ...above] = names.map(decodeURIComponent);
  if (bucket === undefined) throw new InvalidPlace(`the place of the S3 store names no bucket: write ${forms}`);
  const region = url.searchParams.get('region');
  return {
    bucket,
    prefix: above.map((name) => `${name}/`).join(''),
    ...(isAws ? {} : { endpoint: url.origin }),
    ...(region === null ? {} : { region }),
    ...(url.username === ''
      ? {}
      : {
          credentials: {
            accessKeyId: decodeURIComponent(url.username),
            secretAccessKey: decodeURIComponent(url.password),
          },
        }),
  };
}
