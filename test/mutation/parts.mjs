// @ts-check
// What Stryker changes, and the tests that are to notice. The variable MUTATION_PART says which part.

/**
 * @typedef {object} Part
 * @property {string[]} mutate the files that are changed
 * @property {string[]} tests the spec files that are to notice
 * @property {boolean} ignoreStatic whether what is evaluated when a file loads is left out
 * @property {Record<string, string>} [alias] what a package is instead, from the root
 */

/** @satisfies {Record<string, Part>} */
const parts = {
  secrets: {
    mutate: ['libs/flyte/src/secrets/*.ts', '!**/*.spec.ts'],
    ignoreStatic: false,
    tests: ['libs/flyte/src/secrets/*.spec.ts'],
  },
  redaction: {
    mutate: [
      'libs/flyte/src/protocol/redactor.ts',
      'libs/flyte/src/protocol/secret-forms.ts',
      'libs/flyte/src/remote/connection/redact.ts',
      'libs/flyte/src/runtime/action-redactor.ts',
      'libs/flyte-local/src/execution/secrets/redactor.ts',
    ],
    ignoreStatic: false,
    tests: [
      'libs/flyte/src/protocol/{redactor,secret-forms}.spec.ts',
      'libs/flyte/src/remote/connection/redact.spec.ts',
      'libs/flyte/src/runtime/action-redactor.spec.ts',
      'libs/flyte-local/src/execution/secrets/redactor.spec.ts',
    ],
    // All that these tests take of the library; without the rest a mutant costs a second instead of seven.
    alias: { 'nestjs-flyte/protocol': 'libs/flyte/src/protocol/secret-forms.ts' },
  },
  auth: {
    mutate: ['libs/flyte/src/auth/*.ts', '!**/*.spec.ts'],
    ignoreStatic: true,
    tests: ['libs/flyte/src/auth/*.spec.ts'],
  },
};

/** @typedef {keyof typeof parts} PartName */

export const partNames = /** @type {PartName[]} */ (Object.keys(parts));

const name = process.env['MUTATION_PART'];

/** @type {Part} */
export const part = parts[partNames.find((one) => one === name) ?? 'secrets'];
