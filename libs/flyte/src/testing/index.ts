export { FlyteTestingModule, type FlyteTestingOptions } from './flyte-testing.module.js';
