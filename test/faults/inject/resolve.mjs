// Module hooks: who loads one of these modules, by whatever name, gets the one here, which wraps the one that was meant (`?wraps=`).
const wrappers = {
  '/log/dist/embedded/embedded-event-log.js': './log.mjs',
  '/log/dist/kafka/kafka-event-log.js': './log.mjs',
  '/objects/dist/folder/folder-object-store.js': './objects.mjs',
  '/objects/dist/s3/s3-object-store.js': './objects.mjs',
};

const wrapperOf = (specifier, url) =>
  specifier === 'lmdb' ? './lmdb.mjs' : wrappers[Object.keys(wrappers).find((module) => url.endsWith(module))];

export async function resolve(specifier, context, next) {
  const meant = await next(specifier, context);
  const wrapper = wrapperOf(specifier, meant.url);
  if (wrapper === undefined || context.parentURL?.includes('?wraps=')) return meant;
  const url = new URL(wrapper, import.meta.url);
  url.searchParams.set('wraps', meant.url);
  return { url: url.href, format: 'module', shortCircuit: true };
}
