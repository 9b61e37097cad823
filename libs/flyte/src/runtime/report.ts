import type { ActionScope, ReportPages } from '../action/action-scope.js';
import { FlyteError } from '../errors/flyte-error.js';
import { joinUri, storageOf } from '../storage/storage-of.js';

/** The page that people see beside an action, in tabs. What is added shows once it is flushed, and at the end of the task. */
export interface Report {
  /** Adds text to the tab; HTML in it is shown, not followed. */
  text(content: string): Report;
  /** Adds HTML to the tab, as it is: only what the task itself wrote. */
  html(content: string): Report;
  /** A tab of its own, by its name; the first one is called `main`. */
  tab(name: string): Report;
  /** Shows what was added so far. @throws FlyteError `unavailable` where it could not be stored */
  flush(): Promise<void>;
}

/** Where Flyte looks for an action's report. */
const FILE = 'report.html';
const MAIN = 'main';

type ReportingAction = Pick<ActionScope, 'outputsPath' | 'report'>;

/** The report of an action. */
export function reportOf(action: ReportingAction): Report {
  return reportTab(action, MAIN);
}

/** Shows what was added since it was flushed last, if anything was, once that is stored. */
export async function flushReport(action: ReportingAction): Promise<void> {
  await action.report.flushing?.catch(() => undefined);
  if (!action.report.isFlushed) await flush(action);
}

function reportTab(action: ReportingAction, name: string): Report {
  const { report: pages } = action;
  const add = (content: string): Report => {
    const parts = pages.tabs.get(name) ?? [];
    parts.push(content);
    pages.tabs.set(name, parts);
    pages.isFlushed = false;
    return report;
  };
  const report: Report = {
    text: (content) => add(`<pre>${escaped(content)}</pre>`),
    html: add,
    tab(other) {
      if (typeof other === 'string' && other !== '') return reportTab(action, other);
      throw new FlyteError('invalid_argument', 'TaskContext.report.tab: give a name.');
    },
    flush: () => flush(action),
  };
  return report;
}

/** One after the other: of two that are stored at once, an object store may keep the first. */
async function flush(action: ReportingAction): Promise<void> {
  const { report: pages } = action;
  const stored = (pages.flushing ?? Promise.resolve()).catch(() => undefined).then(async () => store(action));
  pages.flushing = stored;
  return stored;
}

async function store({ outputsPath, report: pages }: ReportingAction): Promise<void> {
  const uri = joinUri(outputsPath, FILE);
  pages.isFlushed = true;
  try {
    await (await storageOf(uri)).write(uri, Buffer.from(pageOf(pages)));
  } catch (error) {
    pages.isFlushed = false;
    throw error;
  }
}

/** One page without scripts, so that it works wherever scripts do not. */
function pageOf({ tabs }: ReportPages): string {
  const named = [...tabs];
  const only = named.length === 1 && named[0]?.[0] === MAIN;
  const sections = named.map(([name, parts]) =>
    only ? parts.join('\n') : `<details open><summary>${escaped(name)}</summary>\n${parts.join('\n')}\n</details>`,
  );
  return `<!doctype html>\n<html><head><meta charset="utf-8"><title>Report</title></head>\n<body>\n${sections.join('\n')}\n</body></html>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
