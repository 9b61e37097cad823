import { Field, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { UserService } from 'nestjs-flyte';

@ObjectType()
export class Person {
  @Field(() => String)
  subject!: string;
}

@Resolver(() => Person)
export class MeResolver {
  constructor(private readonly users: UserService) {}

  @Query(() => Person)
  async me(): Promise<Person> {
    const { subject } = await this.users.get();
    return { subject };
  }
}
