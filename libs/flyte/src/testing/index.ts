export { FlyteTestingModule, type FlyteTestingOptions } from './flyte-testing.module.js';
export { fakeTask, type FakeTask, type FakeTaskCall } from './fake-task.js';
export { runTask, type RunTaskOptions } from './run-task.js';
export { TaskCodec, type TaskSchemas } from '../literals/task-codec.js';
export { getTaskToken } from '../flyte.tokens.js';
