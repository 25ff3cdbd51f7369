"""The JSON Schema of what every command prints with ``--json``: one form for the same thing, wherever it stands.

Sizes say ``width`` and ``height``, and ``depth`` or ``channels`` where there are such; amounts around an image are
called by its sides; an image file, an engine, a range and what was clipped are objects of one form each.
"""

from __future__ import annotations

from typing import Any

from imgconv.geometry import AXES, ENDS
from imgconv.kernels.value import CLASSES, COMBINES
from imgconv.words.map import MAP

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
WHOLE: Schema = {"type": "integer"}
YES: Schema = {"type": "boolean"}
SECONDS: Schema = {"type": "number", "minimum": 0}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None, words: str = "") -> Schema:
    found: Schema = {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}
    return {**({"description": words} if words else {}), **found, "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _named(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _of(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _sides(axes: tuple[str, ...]) -> dict[str, Schema]:
    return {end: WHOLE for axis in axes for end in ENDS[axis]}


def _axes(values: Schema) -> Schema:
    return _object(dict.fromkeys(AXES, values), {"depth": values})


_SIZE = {"width": COUNT, "height": COUNT}
_MATRIX = _list(_list(NUMBER))
_PAIR = {"type": "array", "items": WHOLE, "minItems": 2, "maxItems": 2}
_OFFSET = _object({"value": NUMBER, "share": NUMBER})
_RANGE = _object({"minimum": _maybe(NUMBER), "maximum": _maybe(NUMBER)})

_ARITHMETIC: dict[str, Schema] = {
    "effective_kernel": _axes(COUNT),
    "stride": _axes(COUNT),
    "dilation": _axes(COUNT),
    "padding": _of("padding"),
    "dropped": _axes(COUNT),
    "dropped_input": _axes(COUNT),
    "formula": TEXT,
    "arithmetic": _axes(TEXT),
}
_SOLVED: dict[str, Schema] = {"input": _axes(COUNT), "output": _axes(COUNT), "kernel": _axes(COUNT), **_ARITHMETIC}

_IMAGE: dict[str, Schema] = {
    "name": TEXT,
    "format": TEXT,
    **_SIZE,
    "channels": COUNT,
    "alpha": YES,
    "dtype": {"enum": ["uint8", "uint16", "float16", "float32", "float64"]},
    "space": TEXT,
    "frames": COUNT,
}
_OF_FRAMES = {"frame": COUNT, "plays": COUNT}

_DEFINITIONS: dict[str, Schema] = {
    "image": _object(
        _IMAGE,
        {**_OF_FRAMES, "bytes": COUNT, "mtime_ns": WHOLE},
        "An image file: frames counts frames or pages, frame is the one that was chosen; a batch adds bytes and time.",
    ),
    "file": _object({"name": _maybe(TEXT)}, words="A file of which nothing else is known."),
    "padding": _object(_sides(AXES), _sides(("depth",)), "How much is added at each side."),
    "range": {**_RANGE, "description": "Of the results before mapping; null where there is no finite number."},
    "clipped": _object(
        {
            **dict.fromkeys(("samples", "below", "above", "nan", "infinite", "total"), COUNT),
            "percent": NUMBER,
            "keep": _maybe(TEXT),
        },
        words="Samples that are not the results, NaN and infinite results, and the option that keeps them.",
    ),
    "engine": _object(
        {
            "name": TEXT,
            "asked": TEXT,
            "reason": TEXT,
            "elsewhere": _list(_object({"layer": COUNT, "engine": TEXT, "reason": TEXT})),
        },
        {"threads": COUNT, "seconds": SECONDS},
        "What computed and why so; elsewhere is what the engine that was asked for does not do.",
    ),
    "check": _object(
        {
            "engine": TEXT,
            **dict.fromkeys(("maximum", "mean", "tolerance"), _maybe(NUMBER)),
            "written": _object({"differing": COUNT, "total": COUNT, "largest": _maybe(NUMBER)}),
        },
        words="How far another engine is apart: results before mapping, and the samples that would be written.",
    ),
    "error": _object(
        {"message": TEXT, "file": _maybe(TEXT), "option": _maybe(TEXT), "exit_code": COUNT},
        words="What went wrong, and which file or option it is about; the sentence is on standard error too.",
    ),
    "kernel": _object(
        {"name": TEXT, "correlate": YES},
        {
            **_SIZE,
            "depth": COUNT,
            "sum": NUMBER,
            "rank": COUNT,
            "combine": {"enum": list(COMBINES)},
            "of": _list(_of("kernel")),
            "matrix": _MATRIX,
            "shape": _list(COUNT),
            "channels": _object({"input": COUNT, "output": COUNT}),
            "groups": COUNT,
        },
        "The kernel that an image was filtered with.",
    ),
    "layer": _object(
        {
            "layer": COUNT,
            "kind": TEXT,
            "output": _object({**_SIZE, "channels": COUNT}),
            "receptive_field": _axes(COUNT),
            "jump": _axes({"type": ["number", "string"]}),
            "parameters": COUNT,
            "multiply_adds": COUNT,
            "dropped": _axes(WHOLE),
            "stages": _list(_object(_SOLVED)),
        },
        words="A layer of a chain, and the arithmetic of its windows.",
    ),
}

_SEEN = {"range": _of("range"), "clipped": _of("clipped")}
_PAGES = _list(_object({"numbers": _list(COUNT), "input": _of("image"), "output": _of("image")}, _SEEN))

_APPLY = _object(
    {
        "input": _of("image"),
        "output": _of("image"),
        "engine": _of("engine"),
        "map": MAP.schema,
        "layout": {"enum": ["picture", "array", "pages", "sheet"]},
        "maps_apart": YES,
        "alpha": _maybe(TEXT),
        "gray": _maybe(TEXT),
        "channel": _maybe(_list(TEXT)),
        "linear": YES,
        "region": _maybe(_object({"x": COUNT, "y": COUNT, **_SIZE})),
        "mask": _maybe(TEXT),
        "notes": _list(TEXT),
        "personal": _list(TEXT),
        "dry_run": YES,
        "streamed": YES,
        "volume": YES,
    },
    {
        **_ARITHMETIC,
        "kernel": _of("kernel"),
        "padding_kind": TEXT,
        "border": TEXT,
        "drops": TEXT,
        "pipeline": _maybe(TEXT),
        "layers": _list(_of("layer")),
        "saved": _list(
            _object(
                {"layer": COUNT, "map": MAP.schema, **_IMAGE},
                _OF_FRAMES,
            )
        ),
        **_SEEN,
        "pages": _PAGES,
        "check": _of("check"),
    },
    "apply and pool: what was done to an image, or would be.",
)

_OPERATION = {"operation": {"enum": ["convolution", "pooling", "transposed"]}}
_FRAMEWORK = _object(
    {
        "framework": TEXT,
        "mode": TEXT,
        "output": _maybe(_axes(COUNT)),
        "padding": _maybe(_of("padding")),
        "refusal": _maybe(TEXT),
        "difference": TEXT,
    }
)
_ANSWER = _object(
    {**_OPERATION, **_SOLVED},
    {"output_padding": _axes(COUNT), "ceil_mode": YES, "drops": TEXT, "frameworks": _list(_FRAMEWORK)},
    "size: an operation and its solution, with --compare what the frameworks make of it.",
)


def _solution(axis: str) -> Schema:
    ends = _object(dict.fromkeys(ENDS[axis], WHOLE))
    return _object(
        {
            "stride": COUNT,
            "padding": _object({"least": ends, "most": ends}),
            "named": _named(ends),
            "output_padding": COUNT,
            "ceil_mode": YES,
        }
    )


_SOLVE = _object(
    {
        **_OPERATION,
        **dict.fromkeys(("input", "target", "kernel", "dilation"), _axes(COUNT)),
        "solutions": _object({axis: _list(_solution(axis)) for axis in AXES}),
        "example": TEXT,
        "searched": TEXT,
        "complete": YES,
    },
    words="size --solve: strides and paddings that give a size.",
)
_CHAIN = _object(
    {
        "input": _object({**_SIZE, "channels": COUNT}),
        "layers": _list(_of("layer")),
        "parameters": COUNT,
        "multiply_adds": COUNT,
    },
    words="size with layers: a row for each.",
)

_PARAMETER = _object({"name": TEXT, "form": TEXT, "default": {}, "required": YES})
_ENTRY = _object(
    {
        "name": TEXT,
        "class": {"enum": list(CLASSES)},
        "form": _maybe(TEXT),
        "width": _maybe(COUNT),
        "height": _maybe(COUNT),
        "parameters": _list(_PARAMETER),
        "summary": TEXT,
        "source": TEXT,
        "origin": TEXT,
        "user": YES,
        "shadows": YES,
        "problem": _maybe(TEXT),
    },
    words="kernels list: a kernel of the library, or one of your own.",
)
_TAPS: dict[str, Schema] = {
    **_SIZE,
    "weights": {"type": "array"},
    "scale": TEXT,
    **dict.fromkeys(("taps", "slid"), _MATRIX),
    **dict.fromkeys(("sum", "positive_sum", "negative_sum", "ramp_gain"), NUMBER),
    "rank": COUNT,
    "separable": YES,
    **dict.fromkeys(("column", "row"), _maybe(_list(NUMBER))),
    "symmetry": _named(_maybe(TEXT)),
    "offset": _OFFSET,
    "anchor": _maybe(_PAIR),
    "centre": _PAIR,
}
_SHOW = _object(
    {
        **dict.fromkeys(("name", "summary", "source"), TEXT),
        "class": {"enum": list(CLASSES)},
        "form": {"enum": ["matrix", "combined", "pointwise", "learned"]},
        "map": MAP.schema,
        "range": _named(_of("range")),
    },
    {
        **_TAPS,
        "combine": {"enum": list(COMBINES)},
        "of": _list(_object({"name": TEXT, **_TAPS})),
        "channels": _object({"input": COUNT, "output": COUNT}),
        "matrix": _MATRIX,
        "bias": _list({"anyOf": [NUMBER, _OFFSET]}),
        "shape": _list(COUNT),
        "correlate": YES,
    },
    "kernels show: a kernel and what follows from its numbers; anchor and centre are [row, column].",
)

_LINE = _object(
    {
        "input": {"anyOf": [_of("image"), _of("file"), _of("stamped")]},
        "output": {"anyOf": [_of("image"), _of("file"), {"type": "null"}]},
        "status": {"enum": ["planned", "done", "failed", "skipped"]},
    },
    {
        "error": _maybe(_of("error")),
        "seconds": SECONDS,
        "finished": TEXT,
        "engine": _of("engine"),
        "map": MAP.schema,
        **_SEEN,
        "pages": _PAGES,
        "check": _of("check"),
        "notes": _list(TEXT),
        "personal": _list(TEXT),
        "streamed": YES,
    },
    "batch --json and --report: a line for each file.",
)
_DEFINITIONS["stamped"] = _object({"name": TEXT, "bytes": COUNT, "mtime_ns": WHOLE}, words="A file that was not read.")
_SUMMARY = _object(
    {
        "summary": _object(
            {"skipped": COUNT, "up_to_date": COUNT, "passed_over": _named(COUNT)},
            {
                **dict.fromkeys(("planned", "done", "failed", "clipped_files"), COUNT),
                "personal": _named(COUNT),
                "seconds": SECONDS,
            },
        )
    },
    words="batch --json: the counts, in the last line.",
)
_INFO = _object(
    {
        **dict.fromkeys(("imgconv", "python", "machine", "core"), TEXT),
        "engines": _list(TEXT),
        "simd": _maybe(TEXT),
        "simd_levels": _list(TEXT),
        "threads": COUNT,
        "libraries": _named(_maybe(TEXT)),
        "added": _list(_object({**dict.fromkeys(("kind", "name", "package"), TEXT), "problem": _maybe(TEXT)})),
        "formats": _named(_list(TEXT)),
    },
    words="info: what this installation is made of.",
)
_DRAWN = {
    "description": "draw: the file that was written; what else there is to say differs by drawing.",
    "type": "object",
    "properties": {
        "output": _object(
            {"name": TEXT, "format": TEXT},
            {
                **_SIZE,
                "frames": COUNT,
                **dict.fromkeys(("seconds", "width_inches", "height_inches"), SECONDS),
            },
        ),
        "notes": _list(TEXT),
    },
    "required": ["output", "notes"],
}
_FAILURE = _object({"error": _of("error")}, words="Every command: what went wrong, in place of a report.")

KINDS = {
    "apply": _APPLY,
    "size": _ANSWER,
    "solve": _SOLVE,
    "chain": _CHAIN,
    "kernels-list": _ENTRY,
    "kernels-show": _SHOW,
    "batch-line": _LINE,
    "batch-summary": _SUMMARY,
    "info": _INFO,
    "draw": _DRAWN,
    "failure": _FAILURE,
}
"""The objects that commands print, one a name; several answers stand in a list."""


def report() -> Schema:
    """Return the schema of everything that is printed with ``--json``."""
    ways = [_of(name) for name in KINDS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "imgconv report",
        "description": "What a command prints with --json: one object, or a list of them for several answers.",
        "anyOf": [*ways, {"type": "array", "items": {"anyOf": ways}}],
        "$defs": {**_DEFINITIONS, **KINDS},
    }
