/**
 * The settings of whoever runs the tests are not those of what the tests start: a drop folder that is named there would be emptied
 * into a store that goes, and a cluster would be written to. What names test data stays; servers that are to be tested with go by another name.
 */
const ofTests = ['HOLDFAST_SHARED', 'HOLDFAST_REQUIRE_SHARED'];
for (const [name, value] of Object.entries(process.env)) {
  if (!name.startsWith('HOLDFAST_') || ofTests.includes(name)) continue;
  if (['HOLDFAST_KAFKA', 'HOLDFAST_S3', 'HOLDFAST_REDIS'].includes(name)) process.env[`TESTED_${name}`] = value;
  delete process.env[name];
}
