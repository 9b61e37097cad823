// The library, as its README says.
import { Controller, Get, Module } from '@nestjs/common';
import { FlyteModule, UserService, type VerifyOptions } from 'nestjs-flyte';
import { given } from './support/parent.js';
import { EmptyController, serve, type ServeOptions } from './support/serve.js';

const options = given<
  ServeOptions & { readonly verify?: VerifyOptions; readonly ca?: string; readonly timeoutMs?: number }
>();

@Controller()
class MeController {
  constructor(private readonly users: UserService) {}

  @Get('me') async me(): Promise<{ subject: string; name: string }> {
    const { subject, name } = await this.users.get();
    return { subject, name };
  }
}

@Module({
  imports: [
    FlyteModule.forRoot({
      endpoint: options.upstream,
      passthrough: true,
      ...(options.ca && { tls: { ca: options.ca } }),
      ...(options.timeoutMs && { timeoutMs: options.timeoutMs }),
      ...(options.verify && { verify: options.verify }),
    }),
  ],
  controllers: [EmptyController, MeController],
})
class LibraryModule {}

await serve(LibraryModule, options);
