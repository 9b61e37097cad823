import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { PlainTasks } from './demo.tasks.js';

/** Its start fails, and tells a secret. */
@Module({ providers: [PlainTasks] })
export class FailsToStart implements OnModuleInit {
  onModuleInit(): void {
    throw new Error(`cannot connect with ${process.env['API_KEY']}`);
  }
}

/** Waits for something, with a connection open. */
@Module({ providers: [PlainTasks] })
export class HangsOnStart implements OnModuleInit {
  async onModuleInit(): Promise<void> {
    setInterval(() => undefined, 1000);
    await new Promise(() => undefined);
  }
}

/** Waits for nothing at all. */
@Module({ providers: [PlainTasks] })
export class IdlesOnStart implements OnModuleInit {
  async onModuleInit(): Promise<void> {
    await new Promise(() => undefined);
  }
}

/** Computes for ever. */
@Module({ providers: [PlainTasks] })
export class BusyOnStart implements OnModuleInit {
  onModuleInit(): void {
    process.stdout.write('is busy\n');
    for (;;);
  }
}

/** Has a dependency that nobody provides. */
@Module({ providers: [PlainTasks] })
export class LacksDependency {
  constructor(@Inject('missing') readonly missing: unknown) {}
}
