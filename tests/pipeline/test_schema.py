"""The JSON Schemas: every sample and every kernel of the library is allowed, slips are not, and all keys are there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from imgconv import layers
from imgconv.errors import ImgconvError
from imgconv.kernels import document
from imgconv.pipeline.fields import KINDS, fields
from imgconv.pipeline.file import parse
from imgconv.pipeline.schema import KEYS, SCHEMAS
from imgconv.yamlreader import events as yamlfile

ROOT = Path(__file__).parents[2]
FILES = {
    "kernel": [*sorted((ROOT / "kernels").glob("*.yaml")), *sorted((ROOT / "samples" / "kernels").glob("*.yaml"))],
    "pipeline": sorted((ROOT / "samples" / "pipelines").glob("*.yaml")),
}
EVERY = [(kind, path) for kind, paths in FILES.items() for path in paths]

TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
NOTES = {"$schema", "$defs", "title", "description", "default"}


def allows(schema, value, root):
    """Whether `value` fits `schema`: the part of JSON Schema 2020-12 that is used, written for this test."""
    if isinstance(schema, bool):
        return schema
    return all(holds(word, rule, schema, value, root) for word, rule in schema.items() if word not in NOTES)


def holds(word, rule, schema, value, root):
    match word:
        case "$ref":
            return allows(root["$defs"][rule.removeprefix("#/$defs/")], value, root)
        case "anyOf":
            return any(allows(one, value, root) for one in rule)
        case "oneOf":
            return sum(allows(one, value, root) for one in rule) == 1
        case "type":
            return any(TYPES[one](value) for one in ([rule] if isinstance(rule, str) else rule))
        case "enum":
            return any(type(one) is type(value) and one == value for one in rule)
        case "pattern":
            return not isinstance(value, str) or re.search(rule, value) is not None
        case "maxLength":
            return not isinstance(value, str) or len(value) <= rule
        case "minimum":
            return not TYPES["number"](value) or value >= rule
        case "items":
            return not isinstance(value, list) or all(allows(rule, one, root) for one in value)
        case "minItems":
            return not isinstance(value, list) or len(value) >= rule
        case "maxItems":
            return not isinstance(value, list) or len(value) <= rule
    if not isinstance(value, dict):
        return True
    match word:
        case "properties":
            return all(allows(one, value[key], root) for key, one in rule.items() if key in value)
        case "additionalProperties":
            return rule or set(value) <= set(schema["properties"])
        case "required":
            return set(rule) <= set(value)
        case "minProperties":
            return len(value) >= rule
        case "maxProperties":
            return len(value) <= rule
    raise AssertionError(f"'{word}' is not known here")


def fits(kind, value):
    schema = SCHEMAS[kind]()
    return allows(schema, value, schema)


def content(path):
    return yamlfile.load(path.read_bytes(), path.name).value


@pytest.mark.parametrize("kind", FILES)
def test_every_sample_and_kernel_fits(kind):
    schema = json.loads(json.dumps(SCHEMAS[kind]()))
    assert FILES[kind]
    wrong = [path.name for path in FILES[kind] if not allows(schema, content(path), schema)]
    assert wrong == []


@pytest.mark.parametrize("kind", FILES)
def test_the_schema_is_one_and_means_what_others_read(kind):
    jsonschema = pytest.importorskip("jsonschema")
    schema = SCHEMAS[kind]()
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for path in FILES[kind]:
        validator.validate(content(path))
    for one_kind, text in SLIPS:
        if one_kind == kind:
            assert not validator.is_valid(yamlfile.load(text, "slip").value), text


SLIPS = [
    ("pipeline", "- conv: {kernel: sobel, pading: 1}"),
    ("pipeline", "- covn: sobel"),
    ("pipeline", "- conv"),
    ("pipeline", "- conv: {stride: 2}"),
    ("pipeline", "- conv: {kernel: sobel, stride: 0}"),
    ("pipeline", "- conv: sobel\n  padding: same"),
    ("pipeline", "- pool: {max: 2, min: 2}"),
    ("pipeline", "- pool"),
    ("pipeline", "- pool: {max: 2, ceil_mode: 1}"),
    ("pipeline", "- relu: 3"),
    ("pipeline", "- resize: {scale: 2, method: cubic}"),
    ("pipeline", "- combine: {method: sum, branches: [relu]}"),
    ("pipeline", "- combine: {method: sum, branches: [relu, {pool: {maxx: 2}}]}"),
    ("pipeline", "- separable: {row: [1, 2]}"),
    ("pipeline", "conv: sobel"),
    ("pipeline", "[]"),
    ("kernel", "weight: [[1]]"),
    ("kernel", "{weights: [[1]], sum: 3}"),
    ("kernel", "{weights: [[1]], row: [1]}"),
    ("kernel", "{combine: magnitude}"),
    ("kernel", "{combine: length, of: [a, b]}"),
    ("kernel", "{weights: [[1]], map: clamp}"),
    ("kernel", "{weights: [[1]], anchor: [0]}"),
    ("kernel", "{generator: gausian}"),
    ("kernel", "summary: nothing else"),
]


@pytest.mark.parametrize(("kind", "text"), SLIPS)
def test_slips_are_found(kind, text):
    value = yamlfile.load(text, "slip").value
    assert not fits(kind, value)
    with pytest.raises(ImgconvError):  # and the reader agrees
        parse(text) if kind == "pipeline" else document.from_yaml(text, "slip", None, None, "slip")


def test_the_schema_has_every_layer_and_field_with_words():
    defined = SCHEMAS["pipeline"]()["$defs"]
    for name in layers.names():
        layer = defined[f"layer-{name}"]
        assert layer["description"].endswith((".", "given."))
        assert set(layer["anyOf"][0]["properties"]) == {field.name for field in fields(layers.find(name))}
        for field in fields(layers.find(name)):
            assert field.kind in {*KINDS, "Branches"}
            assert len(field.description) > 10, (name, field.name)


def test_the_schema_has_every_key_of_a_kernel():
    assert sorted(KEYS) == sorted(document.KEYS)
