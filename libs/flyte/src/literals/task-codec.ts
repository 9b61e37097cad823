import { create } from '@bufbuild/protobuf';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { FlyteError } from '../errors/flyte-error.js';
import type { Literal } from '../gen/flyteidl2/core/literals_pb.js';
import { type TypedInterface, TypedInterfaceSchema } from '../gen/flyteidl2/core/interface_pb.js';
import {
  type Inputs,
  InputsSchema,
  type NamedLiteral,
  NamedLiteralSchema,
  type NamedParameter,
  NamedParameterSchema,
  type Outputs,
  OutputsSchema,
} from '../gen/flyteidl2/task/common_pb.js';
import { At, isRecord } from './at.js';
import { parse, pathOf } from './standard-schema.js';
import {
  assemble,
  namedByPlace,
  pick,
  type Variable,
  type Variables,
  variableMapOf,
  variablesOf,
} from './variables.js';

/** The schemas of a task. One left out means: no inputs, or no outputs. */
export interface TaskSchemas<InputsGiven, InputsParsed, OutputsGiven, OutputsParsed> {
  /** What the task takes. */
  readonly inputs?: StandardSchemaV1<InputsGiven, InputsParsed> | undefined;
  /** What the task gives. */
  readonly outputs?: StandardSchemaV1<OutputsGiven, OutputsParsed> | undefined;
}

/**
 * Turns a task's inputs and outputs into Flyte's literals and back, after its schemas. The sender validates a value and
 * sends it as given; the receiver parses it. So a default or a transform runs once, at the receiver.
 *
 * Given is what a caller passes or a method returns (the schema's input), parsed is what a method gets or a caller
 * receives (its output).
 */
export class TaskCodec<InputsGiven = void, InputsParsed = void, OutputsGiven = void, OutputsParsed = void> {
  readonly #inputs: Side<InputsParsed>;
  readonly #outputs: Side<OutputsParsed>;

  /**
   * @throws FlyteError `invalid_configuration` listing everything that Flyte cannot hold, each with its path and a fix
   */
  constructor(schemas: TaskSchemas<InputsGiven, InputsParsed, OutputsGiven, OutputsParsed>) {
    this.#inputs = new Side('inputs', schemas.inputs);
    this.#outputs = new Side('outputs', schemas.outputs);
    const problems = [...this.#inputs.variables.problems, ...this.#outputs.variables.problems];
    if (problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
  }

  /** What the constructor would complain about: for those who collect the problems of many tasks into one message. */
  static problems(schemas: TaskSchemas<unknown, unknown, unknown, unknown>): readonly string[] {
    return [...variablesOf(schemas.inputs, 'inputs').problems, ...variablesOf(schemas.outputs, 'outputs').problems];
  }

  /** The interface for `TaskTemplate.interface`: variables sorted by name. */
  interface(): TypedInterface {
    const inputs = variableMapOf(this.#inputs.variables.list);
    return create(TypedInterfaceSchema, { inputs, outputs: variableMapOf(this.#outputs.variables.list) });
  }

  /**
   * The defaults for `TaskSpec.default_inputs`, which Flyte fills in for callers that leave an input out, Python's
   * among them. An optional input without a default is None. A default that differs from call to call is left to the
   * receiver.
   */
  defaultInputs(): NamedParameter[] {
    return this.#inputs.defaults();
  }

  /**
   * A caller's inputs as Flyte takes them. What the caller leaves out is left out.
   *
   * @throws FlyteError `invalid_argument` naming the path of each bad field, and never a value
   */
  async encodeInputs(value: InputsGiven): Promise<Inputs> {
    return create(InputsSchema, { literals: await this.#inputs.encode(value, 'omit') });
  }

  /**
   * The inputs a method gets.
   *
   * @throws FlyteError `invalid_argument` naming the path, also for an input the task doesn't have
   */
  async decodeInputs(inputs: Pick<Inputs, 'literals'>): Promise<InputsParsed> {
    return this.#inputs.decode(inputs.literals, 'refuse');
  }

  /**
   * What a method returned, as Flyte takes it. An optional output that is left out is sent as None, since Python
   * expects every output to be there.
   *
   * @throws FlyteError `invalid_argument` naming the path of each bad field, and never a value
   */
  async encodeOutputs(value: OutputsGiven): Promise<Outputs> {
    return create(OutputsSchema, { literals: await this.#outputs.encode(value, 'none') });
  }

  /**
   * The outputs a caller receives. Outputs the schema doesn't know are ignored: the task may have grown one since.
   *
   * @throws FlyteError `invalid_argument` naming the path
   */
  async decodeOutputs(outputs: Pick<Outputs, 'literals'>): Promise<OutputsParsed> {
    return this.#outputs.decode(outputs.literals, 'ignore');
  }
}

/** Inputs or outputs. */
class Side<Parsed> {
  readonly variables: Variables;
  readonly #root: At;
  readonly #name: 'inputs' | 'outputs';
  readonly #schema: StandardSchemaV1<unknown, Parsed> | undefined;

  constructor(name: 'inputs' | 'outputs', schema: StandardSchemaV1<unknown, Parsed> | undefined) {
    this.#name = name;
    this.#root = new At(name);
    this.#schema = schema;
    this.variables = variablesOf(schema, name);
  }

  /** @param left what to do about an optional variable that is left out */
  async encode(value: unknown, left: 'omit' | 'none'): Promise<NamedLiteral[]> {
    if (this.#schema === undefined) {
      if (value === undefined || value === null || (isRecord(value) && Object.keys(value).length === 0)) return [];
      throw this.#root.problem('the task has none, so a value would be lost');
    }
    await this.#parse(this.#schema, value);
    const { list } = this.variables;
    return this.#guarded(() =>
      list.flatMap((variable, index) => this.#literal(variable, pick(this.variables, value, variable, index), left)),
    );
  }

  async decode(literals: readonly NamedLiteral[], unknown: 'refuse' | 'ignore'): Promise<Parsed> {
    const { list } = this.variables;
    const named = new Map<string, Literal>();
    const others: string[] = [];
    for (const { name, value } of unknown === 'ignore' ? namedByPlace(this.variables, literals) : literals) {
      if (!list.some((variable) => variable.name === name)) {
        if (unknown === 'refuse')
          throw this.#root.problem(`there is no ${JSON.stringify(name)} among ${this.#names()}`);
        others.push(JSON.stringify(name));
        continue;
      }
      if (named.has(name)) throw this.#root.problem(`${JSON.stringify(name)} comes twice`);
      if (value !== undefined) named.set(name, value);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a schema, Parsed is void
    if (this.#schema === undefined) return undefined as Parsed;
    const missing = list.find(({ name, optional }) => !optional && !named.has(name));
    if (missing !== undefined && others.length > 0) {
      throw this.#root.problem(`there is no ${JSON.stringify(missing.name)}, but there is ${others.join(', ')}`);
    }
    return this.#parse(
      this.#schema,
      this.#guarded(() => assemble(this.variables, named, this.#root)),
    );
  }

  defaults(): NamedParameter[] {
    const again = variablesOf(this.#schema, this.#name).list;
    return this.variables.list.flatMap((variable, index) => {
      const literal = this.#default(variable, again[index]);
      if (literal === undefined) return [];
      const { name, shape, description } = variable;
      const parameter = {
        var: { type: shape.type, description },
        behavior: { case: 'default' as const, value: literal },
      };
      return [create(NamedParameterSchema, { name, parameter })];
    });
  }

  /** @param again the same variable, described once more: a default made by a function may differ */
  #default({ name, shape, optional, fallback }: Variable, again: Variable | undefined): Literal | undefined {
    if (!optional || this.variables.form === 'single') return undefined;
    try {
      if (fallback !== undefined) {
        return JSON.stringify(fallback) === JSON.stringify(again?.fallback)
          ? shape.toLiteral(fallback, this.#root.child(name))
          : undefined;
      }
      return shape.fits(null) ? shape.toLiteral(null, this.#root.child(name)) : undefined;
    } catch {
      // A default is of the schema's output, which may be of another type than what travels.
      return undefined;
    }
  }

  #literal(variable: Variable, value: unknown, left: 'omit' | 'none'): NamedLiteral[] {
    const { name, shape, optional } = variable;
    const absent = value === undefined && optional;
    if (absent && (left === 'omit' || !shape.fits(null))) return [];
    return [
      create(NamedLiteralSchema, { name, value: shape.toLiteral(absent ? null : value, this.#root.child(name)) }),
    ];
  }

  async #parse(schema: StandardSchemaV1<unknown, Parsed>, value: unknown): Promise<Parsed> {
    try {
      return await parse(schema, value, (path) => this.#place(path));
    } catch (error) {
      throw this.#tooDeep(error);
    }
  }

  #guarded<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw this.#tooDeep(error);
    }
  }

  /** A value that contains itself, or nests thousands deep, overflows the stack of whatever walks through it. */
  #tooDeep(error: unknown): unknown {
    return error instanceof RangeError ? this.#root.problem('a value nests too deeply, or contains itself') : error;
  }

  /** A validator's path under the names of the variables. */
  #place(path: readonly PropertyKey[]): string {
    if (this.variables.form === 'object') return this.#name + pathOf(path);
    if (this.variables.form === 'single') return `${this.#name}.o0${pathOf(path)}`;
    const [first, ...rest] = path;
    return first === undefined ? this.#name : `${this.#name}.o${String(first)}${pathOf(rest)}`;
  }

  #names(): string {
    const names = this.variables.list.map(({ name }) => JSON.stringify(name));
    return names.length === 0 ? 'no names at all' : names.join(', ');
  }
}
