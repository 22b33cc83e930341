/**
 * The settings of whoever runs the tests are not those of what the tests start: a drop folder that is named there would be emptied
 * into a store that goes. What names test data or servers for tests stays.
 */
const ofTests = ['SHARED', 'REQUIRE_SHARED', 'KAFKA', 'S3', 'REDIS'].map((name) => `HOLDFAST_${name}`);
for (const name of Object.keys(process.env))
  if (name.startsWith('HOLDFAST_') && !ofTests.includes(name)) delete process.env[name];
