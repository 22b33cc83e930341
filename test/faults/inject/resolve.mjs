// Module hooks: who asks for one of these gets the module here, which wraps the one that was meant (`?wraps=`).
const wrappers = {
  lmdb: './lmdb.mjs',
  '@holdfast/log/embedded': './log.mjs',
  '@holdfast/objects/folder': './objects.mjs',
};

export async function resolve(specifier, context, next) {
  const meant = await next(specifier, context);
  const wrapper = wrappers[specifier];
  if (wrapper === undefined) return meant;
  const url = new URL(wrapper, import.meta.url);
  url.searchParams.set('wraps', meant.url);
  return { url: url.href, format: 'module', shortCircuit: true };
}
