import { Module, type OnModuleDestroy } from '@nestjs/common';
import { PlainTasks } from './demo.tasks.js';

/** Never done with shutting down. */
@Module({ providers: [PlainTasks] })
export class HangsOnClose implements OnModuleDestroy {
  async onModuleDestroy(): Promise<void> {
    await new Promise(() => undefined);
  }
}

/** Fails to shut down. */
@Module({ providers: [PlainTasks] })
export class FailsOnClose implements OnModuleDestroy {
  onModuleDestroy(): void {
    throw new Error('the pool is broken');
  }
}

/** Dies while it shuts down. */
@Module({ providers: [PlainTasks] })
export class DiesOnClose implements OnModuleDestroy {
  onModuleDestroy(): void {
    process.kill(process.pid, 'SIGKILL');
  }
}
