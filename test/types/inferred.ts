// What an app exports without naming its types: the compiler must be able to write each of them into a declaration, with
// names that the packages export. test/types/public-names.spec.ts compiles this file; nothing runs it.
import {
  buildImage,
  clientCredentials,
  externalCommand,
  FlyteDir,
  type FlyteError,
  type FlyteClient,
  FlyteFile,
  FlyteModule,
  fromHeader,
  getAuthMetadata,
  getFlyteToken,
  Image,
  InjectFlyte,
  InjectTask,
  inAuthScope,
  type RunInfo,
  runInAuthScope,
  Secret,
  TaskContext,
  TaskEnvironment,
  type TaskHandle,
  taskRef,
  tokenFile,
} from 'nestjs-flyte';
import { fakeTask, FlyteTestingModule, getTaskToken } from 'nestjs-flyte/testing';
import * as z from 'zod';

export const login = clientCredentials({ clientId: 'a', clientSecret: { file: '/a' } });
export const logins = [login, tokenFile('/a'), externalCommand(['a'])];
export const extractors = [fromHeader('x-a')];
export const token = getFlyteToken('eu');
export const InjectEu = () => InjectFlyte('eu');
export const environment = new TaskEnvironment({ name: 'a', secrets: [new Secret({ key: 'a' })] });
export const { podTemplate, resources, image, secrets } = environment;
export const Train = taskRef('a.b', { inputs: z.object({ a: z.number() }), outputs: z.number() });
export const InjectTrain = () => InjectTask(Train);
export const built = Image.fromNodeBase({ node: '22' }).withNpmPackages(['a']);
export const { platform } = built;
export const build = () => buildImage(built);
export const root = FlyteModule.forRoot({ passthrough: true });
export const feature = FlyteModule.forFeature([Train]);
export const testing = FlyteTestingModule.forRoot();
export const fake = fakeTask(Train, ({ a }) => a);
export const trainToken = getTaskToken(Train);
export const files = [new FlyteFile({ uri: 'a' }), new FlyteDir({ uri: 'b' })];
export const caller = () => getAuthMetadata();
export const scoped = () => runInAuthScope;
export const operator = () => inAuthScope();
export const failure = ({ code, run, detail, fault }: FlyteError) => ({ code, run, detail, fault });
export const phase = ({ phase: now, error, task }: RunInfo) => ({ now, error, task });
export const narrowed = (client: FlyteClient) => client.with({ project: 'a' });
export const services = ({ users, runs, tasks, secrets: stored, files: moved, projects }: FlyteClient) => ({
  user: () => users.get(),
  project: () => projects.get('a'),
  projects: () => projects.list(),
  runs: () => runs.list(),
  run: () => runs.create('a'),
  logs: () => runs.logs('a'),
  wait: () => runs.wait('a'),
  tasks: () => tasks.list(),
  versions: () => tasks.versions('a'),
  secrets: () => stored.list(),
  upload: () => moved.upload('a'),
});
export const started = (train: TaskHandle<typeof Train>) => train.run({ a: 1 });
export const context = ({ run, attempt }: TaskContext) => ({ run, attempt });
