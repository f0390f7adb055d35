// Brings JSON texts into canonical form with canonicalize, as canonical_forms.py does with rfc8785. The first
// argument is the folder of `node_modules`.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// Node looks for packages beside this script, and this one lies elsewhere: its own manifest says where it begins.
const folder = `${process.argv[2]}/node_modules/canonicalize`;
const { main } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
const { default: canonicalize } = await import(pathToFileURL(`${folder}/${main}`).href);

function form(text) {
  try {
    return canonicalize(JSON.parse(text));
  } catch {
    return null;
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(form)));
