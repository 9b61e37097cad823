import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FlyteError } from '../errors/flyte-error.js';
import { buildImage } from './build-image.js';
import type { BuildProgress } from './build-image-options.js';
import { parseBuildah } from './builders/buildah.js';
import { parseBuildKit } from './builders/docker.js';
import { shortStep } from './builders/run-builder.js';
import { type ProcessResult, type RunProcess, runProcess } from './builders/run-process.js';
import { Image } from './image.js';

const SECRET = 'token-of-the-registry';
const image = Image.fromBase('busybox').withCommands('make', { secretMounts: 'npm-token' });
const ok = (text = ''): ProcessResult => ({ outcome: 'ended', exitCode: 0, text });
const no: ProcessResult = { outcome: 'ended', exitCode: 1, text: '' };
const absent: ProcessResult = { outcome: 'absent', exitCode: undefined, text: '' };

/** A machine on which commands answer as told; what is not told fails. */
function machine(answers: Readonly<Record<string, ProcessResult | string[]>>): { run: RunProcess; ran: string[] } {
  const ran: string[] = [];
  const run: RunProcess = async (command, args, { onOutput }) => {
    const line = [command, ...args].join(' ');
    ran.push(line);
    const key = Object.keys(answers).find((start) => line.startsWith(start));
    const answer = key === undefined ? no : (answers[key] ?? no);
    if (!Array.isArray(answer)) return answer;
    for (const chunk of answer) onOutput?.('stdout', Buffer.from(chunk));
    return answer.some((chunk) => chunk.includes('ERROR')) ? no : ok();
  };
  return { run, ran };
}

const env = { NPM_TOKEN: SECRET };
const BUILDAH = { docker: absent, 'buildah --version': ok('buildah version 1.28.2 (image-spec 1.1.0-rc2)') };
const failure = (building: Promise<unknown>): Promise<FlyteError> =>
  building.then(
    () => Promise.reject(new Error('built')),
    (error: unknown) => error as FlyteError,
  );

describe('finding a builder', () => {
  it.each([
    ['20.10.24 20.10.24', no, 'docker build --progress=plain'],
    ['28.2.2 28.2.2', ok('v0.20'), 'docker buildx build --load --progress=plain'],
  ])('takes docker %s', async (versions, buildx, command) => {
    const { run, ran } = machine({
      'docker version': ok(versions),
      'docker buildx version': buildx,
      'docker build': ok(),
    });
    expect(await buildImage(image, { env }, run)).toMatchObject({ outcome: 'built', pushed: false });
    expect(ran.at(-1)).toContain(command);
    expect(ran.at(-1)).toContain('--secret=id=npm-token,env=NPM_TOKEN');
    expect(ran.join()).not.toContain(SECRET);
  });

  it('takes buildah where docker does not work, and says what it lacks where neither does', async () => {
    const { run, ran } = machine({ ...BUILDAH, 'buildah build': ok() });
    expect(await buildImage(image, { env }, run)).toMatchObject({ builder: 'buildah 1.28.2' });
    expect(ran.at(-1)).toContain('--secret=id=npm-token,type=env,src=NPM_TOKEN');

    const none = machine({ 'docker version': ok('28.2.2 28.2.2'), 'buildah --version': ok('buildah version 1.19.6') });
    const error = await failure(buildImage(image, { env }, none.run));
    expect(error.code).toBe('failed_precondition');
    expect(error.message).toMatch(
      /no buildx plugin[^]*version 1\.19\.6 is too old, 1\.24 is needed[^]*apt-get install buildah/,
    );
  });

  it('obeys the option, then the variable', async () => {
    const both = { ...BUILDAH, docker: ok('20.10.24 20.10.24'), 'buildah build': ok() };
    const { run, ran } = machine(both);
    await buildImage(image, { env: { ...env, FLYTE_IMAGE_BUILDER: 'buildah' } }, run);
    expect(ran.some((line) => line.startsWith('docker'))).toBe(false);
    const error = await failure(buildImage(image, { env: { ...env, FLYTE_IMAGE_BUILDER: 'kaniko' } }, run));
    expect(error.message).toBe('FLYTE_IMAGE_BUILDER is "kaniko". It takes docker or buildah.');
  });
});

describe('buildImage', () => {
  it('gives the builder the Dockerfile and a context, and removes both', async () => {
    let dockerfile = '';
    const { run } = machine(BUILDAH);
    await buildImage(image, { env }, async (command, args, options) => {
      const path = args.find((each) => each.startsWith('--file='))?.slice('--file='.length);
      if (path === undefined) return run(command, args, options);
      expect(readFileSync(path, 'utf8')).toBe(image.dockerfile());
      dockerfile = path;
      return ok();
    });
    expect(dockerfile).not.toBe('');
    expect(existsSync(dockerfile)).toBe(false);
  });

  it.each([
    ['buildah', BUILDAH],
    ['docker', { 'docker version': ok('28.2.2 28.2.2'), 'docker buildx': ok() }],
  ])('gives %s the proxies of the build', async (builder, answers) => {
    const { run, ran } = machine({ ...answers, [`${builder} build`]: ok() });
    await buildImage(image.withBuildSettings({ proxy: { https: 'http://proxy:3128' } }), { env }, run);
    expect(ran.at(-1)).toContain(
      '--build-arg=HTTPS_PROXY=http://proxy:3128/ --build-arg=https_proxy=http://proxy:3128/',
    );
  });

  it('takes secrets out of what it tells and throws, wherever the output is cut', async () => {
    const said: BuildProgress[] = [];
    const { run } = machine({
      ...BUILDAH,
      'buildah build': [
        'STEP 1/2: FROM busybox\nSTEP 2/2: RUN --mount=type=x  make\n',
        `said ${SECRET.slice(0, 9)}`,
        `${SECRET.slice(9)}\nERROR\n`,
      ],
    });
    const error = await failure(buildImage(image, { env, onProgress: (each) => said.push(each) }, run));
    expect(error.code).toBe('image_build_failed');
    expect(error.message).toBe(
      `The build of ${image.fullName} failed: buildah 1.28.2 ended with exit code 1 at step 2/2, RUN make:\n  said ***\n  ERROR`,
    );
    expect(said.slice(1)).toEqual([
      { kind: 'step', number: 1, total: 2, text: 'FROM busybox' },
      { kind: 'step', number: 2, total: 2, text: 'RUN make' },
      { kind: 'log', text: 'said ***' },
      { kind: 'log', text: 'ERROR' },
    ]);
  });

  it('quotes why npm failed, however much help follows', async () => {
    const help = Array.from({ length: 60 }, (_, index) => `npm error help ${index}\n`).join('');
    const steps = 'STEP 1/2: RUN a\nnpm error of another step\n'.concat(help, 'STEP 2/2: RUN npm ci\nadded\n');
    const output = `${steps}npm error code EUSAGE\nnpm error out of sync\n${help}ERROR\n`;
    const { run } = machine({ ...BUILDAH, 'buildah build': [output] });
    const { message } = await failure(buildImage(image, { env }, run));
    const [, ...quoted] = message.split('\n');
    expect(quoted.slice(0, 2)).toEqual(['  npm error code EUSAGE', '  npm error out of sync']);
    expect(quoted.at(-1)).toBe('  ERROR');
    expect(quoted).toHaveLength(40);
  });

  it('lists missing secrets before anything is built, and needs none for an image that is there', async () => {
    const { run, ran } = machine(BUILDAH);
    expect((await failure(buildImage(image, { env: {} }, run))).message).toContain('variable NPM_TOKEN (not set)');
    expect(ran.some((line) => line.startsWith('buildah build'))).toBe(false);
    const there = machine({ ...BUILDAH, 'buildah inspect': ok() });
    expect(await buildImage(image, { env: {} }, there.run)).toMatchObject({ outcome: 'found_locally' });
    expect(await failure(buildImage(image, { env: {}, rebuild: true }, there.run))).toMatchObject({
      code: 'failed_precondition',
    });
  });

  it('says how an image comes to what tasks need, where nothing can have brought it', async () => {
    const { run } = machine({ ...BUILDAH, 'buildah build': ok() });
    const notes = async (image: Image): Promise<string> => {
      const said: string[] = [];
      await buildImage(image, { env, onProgress: ({ text }) => said.push(text) }, run);
      return said.join('\n');
    };
    const own = Image.fromNodeBase({ node: '24' }).withCommands('true');
    expect(await notes(own)).toMatch(/holds no nestjs-flyte: .*withNpmProject.*withFlyte\(\)/);
    expect(await notes(own.withFlyte())).not.toContain('No task can run');
    expect(await notes(image)).not.toContain('No task can run');
  });

  it('asks the registry, pushes what only the machine has, and pushes nothing without a registry', async () => {
    const acme = image.clone({ registry: 'ghcr.io/acme' });
    const remote = machine({
      ...BUILDAH,
      'buildah manifest inspect': { ...no, text: 'manifest is of type oci (not a list type)' },
    });
    expect(await buildImage(acme, { env: {}, push: true }, remote.run)).toMatchObject({ outcome: 'found_in_registry' });
    const local = machine({ ...BUILDAH, 'buildah inspect': ok(), 'buildah push': ok() });
    expect(await buildImage(acme, { env: {}, push: true }, local.run)).toMatchObject({
      outcome: 'found_locally',
      pushed: true,
    });
    expect(local.ran).toContain(`buildah push ${acme.fullName}`);
    expect((await failure(buildImage(image, { push: true }, local.run))).message).toContain(
      'no registry to be pushed to',
    );
  });

  it.each([
    ['says what it fetched', ok(), `sha256:${'0'.repeat(64)}`],
    ['was not to be asked, whatever this machine has', no, undefined],
  ])('tells the digest where the registry %s', async (_how, pull, digest) => {
    const acme = image.clone({ registry: 'ghcr.io/acme' });
    const { run } = machine({
      ...{ ...BUILDAH, 'buildah inspect': ok(`sha256:${'0'.repeat(64)}\n`), 'buildah push': ok() },
      'buildah pull': pull,
    });
    expect(await buildImage(acme, { env: {}, push: true }, run)).toMatchObject({ pushed: true, digest });
  });

  it('leaves an image alone that adds nothing to its base', async () => {
    const { run, ran } = machine({});
    expect(await buildImage(Image.fromBase('busybox'), {}, run)).toEqual({
      fullName: 'busybox',
      outcome: 'used_as_is',
      pushed: false,
      builder: undefined,
    });
    expect(ran).toEqual([]);
  });
});

describe('what builders print', () => {
  it.each([
    ['#9 [stage-0 4/6] RUN make', { kind: 'step', number: 4, total: 6, text: 'RUN make' }],
    ['#9 [2/6] COPY a b', { kind: 'step', number: 2, total: 6, text: 'COPY a b' }],
    ['#9 0.142 cc main.c', { kind: 'log', text: 'cc main.c' }],
    ['#9 ERROR: failed', { kind: 'log', text: '#9 ERROR: failed' }],
    ['#8 [internal] load build context', undefined],
    ['#9 DONE 0.2s', undefined],
    ['#9 CACHED', undefined],
  ])('BuildKit: %s', (line, expected) => expect(parseBuildKit(line)).toEqual(expected));

  it.each([
    ['STEP 4/6: RUN make', { kind: 'step', number: 4, total: 6, text: 'RUN make' }],
    ['[1/2] STEP 1/5: FROM x', { kind: 'step', number: 1, total: 5, text: 'FROM x' }],
    ['cc main.c', { kind: 'log', text: 'cc main.c' }],
    ['--> 1b2c', undefined],
  ])('buildah: %s', (line, expected) => expect(parseBuildah(line)).toEqual(expected));

  it('is shortened for people', () => {
    expect(shortStep('RUN --mount=type=secret,id=a     --mount=type=cache    apt-get   update')).toBe(
      'RUN apt-get update',
    );
    expect(shortStep('x'.repeat(500))).toHaveLength(120);
  });
});

describe('runProcess', () => {
  const options = { env: { PATH: process.env.PATH }, timeoutMs: 3_600_000 };

  it('answers with the exit code and the text, and tells a program that is absent', async () => {
    expect(await runProcess('sh', ['-c', 'echo out; echo err >&2; exit 3'], options)).toMatchObject({
      outcome: 'ended',
      exitCode: 3,
    });
    expect(await runProcess('no-such-program', [], options)).toMatchObject({ outcome: 'absent' });
  });

  it('ends a program and its children when time is up, or when told to', async () => {
    // The child holds the pipe open: the promise settles only once it is gone too.
    expect(await runProcess('sh', ['-c', 'sleep 600 & sleep 600'], { ...options, timeoutMs: 200 })).toMatchObject({
      outcome: 'timed out',
    });
    const signal = AbortSignal.timeout(200);
    expect(await runProcess('sh', ['-c', 'sleep 600'], { ...options, signal })).toMatchObject({ outcome: 'aborted' });
  });
});
