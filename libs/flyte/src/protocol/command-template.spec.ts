import { describe, expect, it } from 'vitest';
import { fillTemplate } from './command-template.js';

const VALUES = {
  input: 'file:///run/inputs/inputs.pb',
  inputPrefix: 'file:///run/inputs',
  outputPrefix: 'file:///run/$&/{{.input}}',
  rawOutputDataPrefix: 'file:///run/raw',
  checkpointOutputPrefix: 'file:///run/check',
  prevCheckpointPrefix: '""',
};

describe('fillTemplate', () => {
  it.each([
    ['--in={{.input}}', '--in=file:///run/inputs/inputs.pb'],
    ['{{ .InputPrefix }}', 'file:///run/inputs'],
    ['{{$inputprefix}}/{{.rawOutputDataPrefix}}', 'file:///run/inputs/file:///run/raw'],
    ['{{.checkpointOutputPrefix}} {{.prevCheckpointPrefix}}', 'file:///run/check ""'],
    // A value is neither a template nor a pattern.
    ['{{.outputPrefix}}', 'file:///run/$&/{{.input}}'],
    // Not rendered by Flyte either.
    ['{{.runName}} {{.actionName}} {{.inputs.x}}', '{{.runName}} {{.actionName}} {{.inputs.x}}'],
    ['{{.toString}} {{.__proto__}} {{input}} {.input}', '{{.toString}} {{.__proto__}} {{input}} {.input}'],
    ['', ''],
  ])('%s', (text, filled) => expect(fillTemplate(text, VALUES)).toBe(filled));
});
