#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes schemas-oracle.txt: random schemas and values with the answers of another validator (jsonschema, from PyPI).

    python3 schemas.py COUNT > schemas-oracle.txt

A line is one JSON array: the schema, then pairs of a value and whether it fits.
"""
import json
import random
import sys

from jsonschema import Draft202012Validator

SEED = 20261121
NAMES = ["a", "b", "c", "aa", "x-1"]
STRINGS = ["", "a", "b", "ab", "abc", "é", "🐲🐲", "x-1", "zz9"]
NUMBERS = [0, 1, -1, 2, 3, 7, 1.0, 1.5, -0.5, 2.5e0, 10, 100, 1e2, 4.5]
PATTERNS = ["^a", "b$", "^[a-c]+$", "[0-9]", "^x-"]
r = random.Random(SEED)


def value(depth=2):
    kind = r.randrange(8 if depth else 5)
    if kind == 0:
        return r.choice([None, True, False])
    if kind in (1, 2):
        return r.choice(NUMBERS)
    if kind in (3, 4):
        return r.choice(STRINGS)
    if kind == 5:
        return [value(depth - 1) for _ in range(r.randrange(5))]
    return {name: value(depth - 1) for name in r.sample(NAMES, r.randrange(4))}


def some(make, low=1, high=3):
    return [make() for _ in range(r.randint(low, high))]


def schema(depth):
    if depth == 0 or r.randrange(12) == 0:
        return r.choice([True, True, False, {}, {"type": "string"}, {"type": "integer"}, {"minimum": 1}, {"const": 1}])
    sub = lambda: schema(depth - 1)
    named = lambda: {name: sub() for name in r.sample(NAMES, r.randint(1, 3))}
    makers = {
        "type": lambda: r.choice(
            ["string", "number", "integer", "object", "array", "boolean", "null", ["string", "null"], ["integer", "array"],
             ["object", "array"]]),
        "enum": lambda: some(value, 1, 4),
        "const": value,
        "multipleOf": lambda: r.choice([1, 2, 0.5, 3, 1.5]),
        "minimum": lambda: r.choice(NUMBERS),
        "exclusiveMinimum": lambda: r.choice(NUMBERS),
        "maximum": lambda: r.choice(NUMBERS),
        "exclusiveMaximum": lambda: r.choice(NUMBERS),
        "minLength": lambda: r.randrange(4),
        "maxLength": lambda: r.randrange(4),
        "pattern": lambda: r.choice(PATTERNS),
        "prefixItems": lambda: some(sub),
        "items": sub,
        "contains": sub,
        "minContains": lambda: r.randrange(3),
        "maxContains": lambda: r.randrange(3),
        "minItems": lambda: r.randrange(4),
        "maxItems": lambda: r.randrange(4),
        "uniqueItems": lambda: r.choice([True, False]),
        "unevaluatedItems": sub,
        "properties": named,
        "patternProperties": lambda: {p: sub() for p in r.sample(PATTERNS, r.randint(1, 2))},
        "additionalProperties": sub,
        "propertyNames": lambda: r.choice([{"pattern": r.choice(PATTERNS)}, {"maxLength": 1}, {"enum": ["a", "b"]}]),
        "required": lambda: r.sample(NAMES, r.randint(1, 2)),
        "minProperties": lambda: r.randrange(3),
        "maxProperties": lambda: r.randrange(4),
        "dependentRequired": lambda: {r.choice(NAMES): r.sample(NAMES, 1)},
        "dependentSchemas": lambda: {r.choice(NAMES): sub()},
        "unevaluatedProperties": sub,
        "allOf": lambda: some(sub),
        "anyOf": lambda: some(sub),
        "oneOf": lambda: some(sub),
        "not": sub,
        "if": sub,
        "then": sub,
        "else": sub,
        "$ref": lambda: r.choice(["#/$defs/one", "#/$defs/two", "#three"]),
    }
    chosen = r.sample(sorted(makers), r.randint(1, 5))
    return {keyword: makers[keyword]() for keyword in chosen}


def whole(depth=3):
    """References lead only from the root into definitions that have none, so none is endless."""
    root = schema(depth)
    if not isinstance(root, dict):
        root = {"allOf": [root]}
    without = lambda node: (
        {k: without(v) for k, v in node.items() if k != "$ref"} if isinstance(node, dict)
        else [without(v) for v in node] if isinstance(node, list) else node)
    three = without(schema(2))
    three = three if isinstance(three, dict) else {"not": three}
    root["$defs"] = {"one": without(schema(2)), "two": without(schema(2)), "t": {"$anchor": "three", **three}}
    return root


def main():
    for _ in range(int(sys.argv[1])):
        candidate = whole()
        Draft202012Validator.check_schema(candidate)
        validator = Draft202012Validator(candidate)
        line = [candidate]
        for _ in range(4):
            instance = value(3)
            line.append([instance, validator.is_valid(instance)])
        print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))


main()
