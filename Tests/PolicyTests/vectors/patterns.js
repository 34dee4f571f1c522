// SPDX-License-Identifier: Apache-2.0
// Makes patterns-ecma.txt: random patterns and texts with the answer of an ECMA-262 engine.
//   node patterns.js > patterns-ecma.txt
// A line is three JSON values: pattern, text, whether the pattern matches somewhere in the text.
"use strict";

let seed = 20261121;
function random(limit) {
  // xorshift32: the same file on every machine.
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % limit;
}
const pick = (list) => list[random(list.length)];

const atoms = [
  "a", "b", "c", "A", "0", "9", "_", "-", " ", "é", "🐲", ".", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\n", "\\t",
  "\\.", "\\/", "\\u00e9", "\\u{1F432}", "\\uD83D\\uDC32", "\\x61", "\\cJ", "\\p{L}", "\\P{L}", "\\p{Lu}", "\\p{Nd}",
  "\\p{gc=Po}", "\\p{Alphabetic}", "\\p{White_Space}", "\\p{ASCII}", "[abc]", "[^a]", "[a-c0-9]", "[^\\w]", "[\\d_]",
  "[é🐲]", "[^🐲]", "[\\u{1F400}-\\u{1F4FF}]", "[\\b]", "[-a]", "[a-]", "[\\]x]", "[]", "[^]", "[\\p{Ll}\\s]",
];
const quantifiers = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,}", "{0,2}", "{1,3}", "{2,}?", "{0,1}?"];

function disjunction(depth) {
  const choices = [];
  for (let n = 1 + (random(4) === 0 ? 1 + random(2) : 0); n > 0; n--) {
    let terms = "";
    for (let m = random(5); m > 0; m--) terms += term(depth);
    choices.push(terms);
  }
  return choices.join("|");
}

function term(depth) {
  const kind = random(12);
  if (kind === 0) return pick(["^", "$", "\\b", "\\B"]);
  let atom = pick(atoms);
  if (kind < 4 && depth > 0) atom = pick(["(", "(?:", "(?<n" + random(1000000) + ">"]) + disjunction(depth - 1) + ")";
  return random(3) === 0 ? atom + pick(quantifiers) : atom;
}

const letters = ["a", "b", "c", "a", "b", "A", "0", "9", "1", "_", "-", " ", "\n", "\t", ".", "/", "é", "🐲", "🐉", "١", "\u2028", "]", "x"];
function text() {
  let result = "";
  for (let n = random(9); n > 0; n--) result += pick(letters);
  return result;
}

for (let lines = 0; lines < 1500; ) {
  const source = disjunction(3);
  let pattern;
  try {
    pattern = new RegExp(source, "u");
  } catch {
    continue;
  }
  for (let n = 0; n < 3; n++, lines++) {
    let subject = text();
    // This engine looks for \B also between the two halves of a surrogate pair, where no code point begins.
    if (source.includes("\\B")) subject = subject.replace(/[^\u0000-\uffff]/gu, "");
    console.log(JSON.stringify([source, subject, pattern.test(subject)]));
  }
}
