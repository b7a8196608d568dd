"""schema.py - checks values against JSON Schema (2020-12): the words that openapi.json uses, no others."""
import re
from datetime import datetime

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
}
SAID_ONLY = {"description", "default", "example", "contentEncoding"}
KNOWN = SAID_ONLY | {
    "$ref", "allOf", "oneOf", "type", "const", "enum", "minimum", "maximum", "minLength", "pattern",
    "format", "items", "minItems", "maxItems", "required", "properties", "additionalProperties",
    "unevaluatedProperties"}


class Wrong(AssertionError):
    """What does not fit, and where."""


def fail(where, what):
    raise Wrong(f"{where or 'it'}: {what}")


def follow(root, reference):
    place = root
    for name in reference.removeprefix("#/").split("/"):
        place = place[name.replace("~1", "/").replace("~0", "~")]
    return place


def same(a, b):
    """Equal as JSON: 1 is not true."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def check_text(schema, value, where):
    if "minLength" in schema and len(value) < schema["minLength"]:
        fail(where, "too short")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        fail(where, f"{value[:60]!r} does not match {schema['pattern']}")
    if schema.get("format") == "date-time":
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    elif schema.get("format") not in (None, "binary"):
        raise ValueError(f"the format {schema['format']} is not known here")


def check_one_of(root, schema, value, where):
    seen, wrongs = [], []
    for option in schema["oneOf"]:
        try:
            seen.append(check(root, option, value, where))
        except Wrong as wrong:
            wrongs.append(str(wrong))
    if len(seen) != 1:
        fail(where, f"fits {len(seen)} of {len(schema['oneOf'])} schemas, not one: {'; '.join(wrongs)}")
    return seen[0]


def check_members(root, schema, value, where):
    """Returns the members that the schema speaks about."""
    seen, properties = set(), schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            fail(where, f"{name} is missing")
    for name, member in value.items():
        inside = f"{where}.{name}"
        if name in properties:
            check(root, properties[name], member, inside)
            seen.add(name)
        elif schema.get("additionalProperties") is False:
            fail(inside, "is not in the schema")
        elif "additionalProperties" in schema:
            check(root, schema["additionalProperties"], member, inside)
            seen.add(name)
    return seen


def check(root, schema, value, where=""):
    """Raises Wrong where the value does not fit; returns the members that were spoken about."""
    unknown = set(schema) - KNOWN
    if unknown:
        raise ValueError(f"{where}: {unknown} are not known here")
    seen = set()
    if "$ref" in schema:
        seen |= check(root, follow(root, schema["$ref"]), value, where)
    for part in schema.get("allOf", []):
        seen |= check(root, part, value, where)
    if "oneOf" in schema:
        seen |= check_one_of(root, schema, value, where)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[name](value) for name in types):
        fail(where, f"{str(value)[:60]!r} is no {' or '.join(types)}")
    if "const" in schema and not same(value, schema["const"]):
        fail(where, f"{value!r} is not {schema['const']!r}")
    if "enum" in schema and not any(same(value, each) for each in schema["enum"]):
        fail(where, f"{value!r} is none of {schema['enum']}")
    if TYPES["number"](value):
        if "minimum" in schema and value < schema["minimum"]:
            fail(where, f"{value} is below {schema['minimum']}")
        if "maximum" in schema and value > schema["maximum"]:
            fail(where, f"{value} is over {schema['maximum']}")
    elif isinstance(value, str):
        check_text(schema, value, where)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            fail(where, f"it has {len(value)} items")
        for i, item in enumerate(value):
            check(root, schema.get("items", {}), item, f"{where}[{i}]")
    elif isinstance(value, dict):
        seen |= check_members(root, schema, value, where)
        if schema.get("unevaluatedProperties") is False and set(value) - seen:
            fail(where, f"{sorted(set(value) - seen)} are not in the schema")
    return seen
