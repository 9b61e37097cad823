// @ts-check
// What Stryker changes, and the tests that are to notice. The variable MUTATION_PART says which part.

/**
 * @typedef {object} Part
 * @property {string[]} mutate the files that are changed
 * @property {string[]} tests the spec files that are to notice
 * @property {boolean} ignoreStatic whether what is evaluated when a file loads is left out
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
      'libs/flyte/src/protocol/{fingerprints,window-filter,pattern-index,pattern-scanner,redacted-text,redactor}.ts',
      'libs/flyte/src/protocol/{secret-forms,spellings}.ts',
      'libs/flyte/src/remote/connection/redact.ts',
      'libs/flyte/src/runtime/action-redactor.ts',
    ],
    ignoreStatic: false,
    tests: [
      'libs/flyte/src/protocol/{fingerprints,window-filter,redacted-text,redactor,secret-forms}.spec.ts',
      'libs/flyte/src/remote/connection/redact.spec.ts',
      'libs/flyte/src/runtime/action-redactor.spec.ts',
    ],
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
