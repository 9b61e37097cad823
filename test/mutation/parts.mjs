// @ts-check
// What Stryker changes, and the tests that are to notice. The variable MUTATION_PART says which part.

const parts = {
  secrets: {
    mutate: [
      'libs/flyte/src/secrets/*.ts',
      'libs/flyte/src/images/redactor.ts',
      'libs/flyte/src/images/secret-forms.ts',
      'libs/flyte-local/src/execution/redactor.ts',
      '!**/*.spec.ts',
    ],
    ignoreStatic: false,
    tests: [
      'libs/flyte/src/secrets/*.spec.ts',
      'libs/flyte/src/images/redactor.spec.ts',
      'libs/flyte-local/src/execution/redactor.spec.ts',
    ],
  },
  auth: {
    mutate: ['libs/flyte/src/auth/*.ts', 'libs/flyte/src/remote/redact.ts', '!**/*.spec.ts'],
    ignoreStatic: true,
    tests: [
      'libs/flyte/src/auth/*.spec.ts',
      'test/auth/!(concurrency).spec.ts',
      'test/transports/{ws,socket-io,grpc,graphql}.spec.ts',
    ],
  },
};

export const partNames = /** @type {const} */ (['secrets', 'auth']);

export const part = parts[process.env['MUTATION_PART'] === 'auth' ? 'auth' : 'secrets'];
