import type { BuildProgress } from '../images/build-image-options.js';

/** Where progress is shown. `process.stderr` fits. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows a build. */
export interface BuildReporter {
  readonly show: (progress: BuildProgress) => void;
  /** @param succeeded whether the step shown last did */
  end(succeeded: boolean): void;
}

/**
 * On a terminal: a line for each step, under it the step's last line of output while it runs. Elsewhere, as in CI:
 * plain lines, all of them.
 */
export function buildReporter(output: ProgressOutput): BuildReporter {
  return output.isTTY === true ? onTerminal(output) : plain(output);
}

function plain(output: ProgressOutput): BuildReporter {
  return {
    show: (progress) => {
      const prefix =
        progress.kind === 'step' ? `[${progress.number}/${progress.total}] ` : progress.kind === 'log' ? '  ' : '';
      output.write(`${prefix}${progress.text}\n`);
    },
    end: () => undefined,
  };
}

function onTerminal(output: ProgressOutput): BuildReporter {
  const clear = '\r\u001B[2K';
  let step: string | undefined;
  let started = 0;
  const fit = (text: string): string => text.slice(0, Math.max(20, (output.columns ?? 80) - 1));
  const close = (mark: string): void => {
    if (step === undefined) return;
    output.write(`${clear}${fit(`${mark} ${step}  ${((performance.now() - started) / 1000).toFixed(1)}s`)}\n`);
    step = undefined;
  };
  return {
    show: (progress) => {
      if (progress.kind === 'log') {
        if (step !== undefined && progress.text.trim() !== '') output.write(clear + fit(`  ${progress.text}`));
        return;
      }
      close('✓');
      if (progress.kind === 'note') {
        output.write(`${clear}${progress.text}\n`);
        return;
      }
      step = `[${progress.number}/${progress.total}] ${progress.text}`;
      started = performance.now();
      output.write(clear + fit(`· ${step}`));
    },
    end: (succeeded) => close(succeeded ? '✓' : '✗'),
  };
}
