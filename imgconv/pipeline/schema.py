"""JSON Schemas of kernel files and pipelines, for editors that check YAML while it is typed.

They are made from what reads the files: the keys of `imgconv.kernels.document`, and the fields of the layers with what
their docstrings say. A schema knows less than the reader: that a name is in the library, or that one number fits
another.
"""

from __future__ import annotations

from typing import Any

from imgconv import layers
from imgconv.border import Border
from imgconv.geometry import Padding
from imgconv.kernels import document, parametric
from imgconv.kernels.document import COMMON, FORMS, NAME
from imgconv.kernels.value import CLASSES, COMBINES
from imgconv.layers import Layer
from imgconv.pipeline.fields import KINDS, Field, fields
from imgconv.reportschema import report
from imgconv.words.map import MAP

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

# --- pipelines --------------------------------------------------------------------------------------------------------


def pipeline() -> Schema:
    """Return the schema of a pipeline: a list of layers."""
    found = layers.every()
    bare = [name for name, kind in found.items() if not kind.chooses and not any(one.required for one in fields(kind))]
    named = {name: {"$ref": f"#/$defs/layer-{name}"} for name in found}
    return {
        "$schema": DIALECT,
        "title": "imgconv pipeline",
        "description": "A list of layers, each 'name: {field: value, ...}'.",
        "$ref": "#/$defs/layers",
        "$defs": {
            "layers": {"type": "array", "items": {"$ref": "#/$defs/layer"}, "minItems": 1},
            "layer": {
                "anyOf": [
                    {"enum": bare},
                    {
                        "type": "object",
                        "properties": named,
                        "additionalProperties": False,
                        "minProperties": 1,
                        "maxProperties": 1,
                    },
                ]
            },
            **{f"layer-{name}": _layer(kind) for name, kind in found.items()},
            "Branches": {
                "type": "array",
                "items": {"anyOf": [{"$ref": "#/$defs/layers"}, {"$ref": "#/$defs/layer"}]},
                "minItems": 2,
            },
            **{name: kind.schema for name, kind in KINDS.items()},
        },
    }


def _layer(kind: type[Layer]) -> Schema:
    """Return the schema of what follows a layer's name."""
    known = fields(kind)
    required = [field.name for field in known if field.required]
    whole: Schema = {
        "type": "object",
        "properties": {field.name: _field(field) for field in known},
        "additionalProperties": False,
    }
    if required:
        whole["required"] = required
    if kind.chooses:
        whole["oneOf"] = [{"required": [name]} for name in kind.chooses]
    ways = [whole]
    if known and required in ([], [known[0].name]):  # a value alone is that of the first field
        ways.append({"$ref": f"#/$defs/{known[0].kind}"})
    if not required and not kind.chooses:
        ways.append({"type": "null"})
    description = (kind.__doc__ or "").partition("\n")[0]
    return {"description": description, "anyOf": ways}


def _field(field: Field) -> Schema:
    found: Schema = {"enum": list(field.words)} if field.words else {"$ref": f"#/$defs/{field.kind}"}
    found["description"] = field.description
    if not field.required and (default := _plain(field.default)) is not None:
        found["default"] = default
    return found


def _plain(value: Any) -> Any:
    """Return a field's default as YAML would hold it; None where there is nothing to show."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, Padding | Border):
        return str(value)
    if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1] and isinstance(value[0], int):
        return value[0]
    return None


# --- kernels ----------------------------------------------------------------------------------------------------------

_ROWS: Schema = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}}

KEYS: dict[str, Schema] = {
    "name": {"type": ["string", "integer"], "pattern": f"^{NAME.pattern}$", "description": "The kernel's name."},
    "summary": {"type": "string", "maxLength": 1000, "description": "What it does, in a line."},
    "source": {"type": "string", "maxLength": 1000, "description": "Where it was published."},
    "class": {"enum": list(CLASSES), "description": "Where the list of kernels shows it."},
    "map": {**MAP.schema, "description": "How results become samples if the user names no mapping."},
    "weights": {
        "anyOf": [_ROWS, {"type": "string", "pattern": "\\.[nN][pP][yY]$"}],
        "description": "Rows of taps, or a .npy file of them or of learned weights (out, in / groups, rows, cols).",
    },
    "row": {"$ref": "#/$defs/line", "description": "The taps of a separable kernel from left to right."},
    "column": {"$ref": "#/$defs/line", "description": "The taps of a separable kernel from top to bottom."},
    "scale": {"$ref": "#/$defs/number", "description": "A factor on every tap, such as 1/8."},
    "normalise": {"enum": ["sum"], "description": "Divide by the sum of the taps."},
    "offset": {"$ref": "#/$defs/offset", "description": "What is added to every result: 10, or 50% of the range."},
    "anchor": {
        "type": "array",
        "items": {"type": "integer", "minimum": 0},
        "minItems": 2,
        "maxItems": 2,
        "description": "[row, column] of the tap that lies on the output pixel.",
    },
    "correlate": {"type": "boolean", "description": "Whether the taps are written to be slid as they are."},
    "generator": {"enum": parametric.names(), "description": "A kernel computed from parameters."},
    "parameters": {"type": "object", "description": "The generator's parameters."},
    "combine": {"enum": list(COMBINES), "description": "How the results of several kernels become one."},
    "of": {"type": "array", "items": {"type": "string"}, "minItems": 2, "description": "The kernels to combine."},
    "matrix": {**_ROWS, "description": "A matrix over the channels, (out, in)."},
    "bias": {
        "type": "array",
        "items": {"$ref": "#/$defs/offset"},
        "minItems": 1,
        "description": "What is added to every output channel.",
    },
}
"""The schema of every key that `imgconv.kernels.document` reads."""


def kernel() -> Schema:
    """Return the schema of a kernel file: the keys of one of the forms."""
    number = KINDS["Scale"].schema
    return {
        "$schema": DIALECT,
        "title": "imgconv kernel",
        "type": "object",
        "anyOf": [_form(form, keys) for form, keys in FORMS.items()],
        "properties": {key: KEYS[key] for key in document.KEYS},
        "additionalProperties": False,
        "$defs": {
            "number": number,
            "offset": KINDS["Offset"].schema,
            "line": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/number"}},
        },
    }


def _form(form: str, keys: tuple[str, ...]) -> Schema:
    """Return the schema of one form: which key it has and which may stand beside."""
    required = [form, "of"] if form == "combine" else [form]
    return {
        "properties": dict.fromkeys((*COMMON, form, *keys), True),
        "additionalProperties": False,
        "required": required,
    }


SCHEMAS = {"kernel": kernel, "pipeline": pipeline, "report": report}
"""What there are schemas of."""
