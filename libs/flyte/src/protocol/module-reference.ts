/** The parts of `<file>#<export>`; empty where one is missing. */
export interface ModuleReference {
  readonly path: string;
  readonly name: string;
}

/** Splits `<file>#<export>`, which {@link moduleProblem} has found nothing wrong with. */
export function moduleReference(text: string): ModuleReference {
  const [path = '', name = ''] = text.split('#');
  return { path, name };
}

/** What is wrong with the name of a module, to put behind it; undefined where nothing is. */
export function moduleProblem(module: unknown): string | undefined {
  if (typeof module === 'string' && /^[^#{}\p{Cc}]+#[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(module))
    return undefined;
  return 'give file and export, such as "./dist/src/tasks.module.js#TasksModule"';
}
