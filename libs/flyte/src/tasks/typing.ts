import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Schema } from './schema.js';
import type { TaskRef } from './task-ref.js';

// How the compiler learns that a method fits its schemas, and a handle its task. test/types holds every refusal.

/** What a sender gives. */
export type Given<X> = X extends StandardSchemaV1 ? StandardSchemaV1.InferInput<X> : void;

/** What a trigger gives: a part, as the time that a run was due for may be another, which its start and its deployment look at. */
export type GivenByTrigger<X> = X extends StandardSchemaV1
  ? { readonly [Name in keyof StandardSchemaV1.InferInput<X>]?: StandardSchemaV1.InferInput<X>[Name] }
  : unknown;

/** What a receiver gets. */
export type Parsed<X> = X extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<X> : void;

/** A type that nothing fits: the compiler's message then shows why. */
export type Refuse<Why extends string> = { readonly flyte: Why };

type Keys<X> = X extends object ? keyof X : never;
type FirstParameter<M> = M extends (...args: infer A) => unknown ? A[0] : never;
type Returned<M> = M extends (...args: never[]) => infer R ? Awaited<R> : never;

/** A method that takes what the inputs parse to and returns what the outputs accept. */
export type TaskMethod<I, O> = I extends StandardSchemaV1
  ? (inputs: Parsed<I>) => Given<O> | Promise<Given<O>>
  : () => Given<O> | Promise<Given<O>>;

/** Refuses fields that would be lost on the way, which TypeScript's own assignability lets pass. */
export type Lossless<M, I, O> =
  Exclude<Keys<FirstParameter<M>>, Keys<Given<I>>> extends never
    ? Exclude<Keys<Returned<M>>, Keys<Given<O>>> extends never
      ? unknown
      : Refuse<'returns a field that outputs lacks'>
    : Refuse<'takes a field that inputs lacks'>;

/** Also refuses schemas that transform: a handle's type comes from the method, which knows one side only. */
export type Sound<M, I, O> = [Parsed<I>, Parsed<O>] extends [Given<I>, Given<O>]
  ? Lossless<M, I, O>
  : Refuse<'a schema transforms: use taskRef()'>;

/** What a caller gives to a task, known by its ref or by its method. */
export type CallIn<T> =
  T extends TaskRef<infer I>
    ? Given<I>
    : T extends (...args: infer A) => unknown
      ? A extends []
        ? void
        : A[0]
      : never;

/** What a caller gets from a task. */
export type CallOut<T> =
  T extends TaskRef<Schema, infer O> ? Parsed<O> : T extends (...args: never[]) => infer R ? Awaited<R> : never;

/** A call's arguments: the inputs, which may be left out where all of them are optional, then the options. */
export type CallArguments<I, Options> = [I] extends [void]
  ? [inputs?: undefined, options?: Options]
  : {} extends I
    ? [inputs?: I, options?: Options]
    : [inputs: I, options?: Options];
