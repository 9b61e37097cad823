// @ts-check
// A rule of our own for oxlint: `toMatchObject` compares a pattern with a text as two objects, and finds nothing in the pattern
// that the text lacks. It passes for any text.
const message = 'toMatchObject passes for any text here: write expect.stringMatching(...)';

// What a pattern can stand in and still be the value that is compared.
const literal =
  /^(Property|ObjectExpression|ArrayExpression|SpreadElement|ConditionalExpression|LogicalExpression|TS.*)$/;

/** @typedef {{ type: string, parent: Node, regex?: object, callee?: { property?: { name: string } } }} Node */

export default {
  meta: { name: 'ours' },
  rules: {
    'no-pattern-in-match-object': {
      /** @param {{ report(found: { node: Node, message: string }): void }} context */
      create: (context) => ({
        /** @param {Node} node */
        Literal(node) {
          if (!node.regex) return;
          let above = node.parent;
          while (literal.test(above.type)) above = above.parent;
          if (above.type === 'CallExpression' && above.callee?.property?.name === 'toMatchObject')
            context.report({ node, message });
        },
      }),
    },
  },
};
