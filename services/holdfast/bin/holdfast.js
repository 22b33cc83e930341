#!/usr/bin/env node
// Plain JavaScript so that `npx holdfast` resolves right after installation, before anything is built.
// The AWS SDK says on every start what later releases of it will need. The pinned one does not, and the README says it once.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
import('../dist/main.js').catch((error) => {
  if (error?.code === 'ERR_MODULE_NOT_FOUND' && String(error.message).includes('dist')) {
    console.error('holdfast: not built yet; run `npm run setup` in the repository first');
  } else {
    console.error(error);
  }
  process.exitCode = 1;
});
