// Reads what stands in the documents and is not run: Mermaid's diagrams by its own grammar, Dart by Dart's own
// formatter, which knows Dart up to 2.12. It prints one line of JSON for each, in their order: null, or the problem.
//
// node blocks.mjs '{"mermaid":[…],"dart":[…]}'
import { JSDOM } from "jsdom";
import dart from "dart-style";

// Mermaid looks for a page when it is loaded.
const { window } = new JSDOM();
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import("mermaid");

const blocks = JSON.parse(process.argv[2]);
const tell = (problem) => console.log(JSON.stringify({ saw: "block", payload: problem }));
for (const text of blocks.mermaid) {
  await mermaid.parse(text).then(() => tell(null), ({ message }) => tell(message));
}
for (const text of blocks.dart) {
  const { code, error } = dart.formatCode(text);
  tell(error ?? (code === text ? null : `formatted, it is:\n${code}`));
}
process.exit(0);
