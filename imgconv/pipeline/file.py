"""Read pipelines from YAML: a list of layers, each ``name: {field: value, ...}``.

    - conv: {kernel: gaussian:sigma=2, padding: same, border: reflect}
    - pool: {max: 2}
    - relu
    - resize: {scale: 2, method: bicubic}

A layer without fields is its name alone, and a value that is no mapping is that of the layer's first field, as in
``- conv: sobel-x``. Every refusal is a `PipelineFileError` with line and column.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from imgconv import layers
from imgconv.errors import ImgconvError, PipelineFileError, PluginError, quoted
from imgconv.layers import Layer
from imgconv.pipeline.fields import Field, fields, read
from imgconv.pipeline.run import Pipeline
from imgconv.registry import LAYERS
from imgconv.system import smallfile
from imgconv.words.base import Wrong, described
from imgconv.yamlreader import events as yamlfile
from imgconv.yamlreader.events import Document, Step

MAX_LAYERS = 1000
"""The most layers of a pipeline."""


def load(path: str) -> Pipeline:
    """Read the pipeline in the file `path`, or from standard input for ``-``.

    Raises:
        PipelineFileError: it is no list of layers.
    """
    if path == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise PipelineFileError(
                "-", "reads YAML from standard input, which is a terminal; pipe one in or name a file"
            )
        return parse(sys.stdin.buffer.read(yamlfile.MAX_BYTES + 1), "standard input")
    try:
        text = smallfile.read(path, yamlfile.MAX_BYTES)
    except ImgconvError as error:
        raise PipelineFileError(
            path, getattr(error, "problem", str(error)).replace("kernel file", "pipeline")
        ) from None
    return parse(text, path, os.path.dirname(path))


def parse(text: str | bytes, source: str = "pipeline", folder: str = "") -> Pipeline:
    """Read a pipeline from YAML.

    Args:
        text: the YAML.
        source: what messages call it.
        folder: where files that it names are looked for; empty for the current one.

    Raises:
        PipelineFileError: it is no list of layers.

    >>> [layer.kind for layer in parse("[{conv: sobel-x}, relu, {pool: {max: 2}}]").layers]
    ['conv', 'relu', 'pool']
    """
    document = yamlfile.load(text, source, error=PipelineFileError)
    return Pipeline(_Reader(document, folder).chain(document.value), source)


class _Reader:
    """Turns one YAML document into layers."""

    def __init__(self, document: Document, folder: str) -> None:
        self.document, self.folder = document, folder
        listed = document.value if isinstance(document.value, list) else ()
        names = (next(iter(one), "") if isinstance(one, dict) else one for one in listed)
        self.familiar = any(isinstance(name, str) and name in layers.names() for name in names)

    def chain(self, value: Any, *path: Step) -> tuple[Layer, ...]:
        """Return the layers of the list at `path`."""
        if not isinstance(value, list) or not value:
            found = "an empty list" if value == [] else "a text" if isinstance(value, str) else described(value)
            problem = f"expected a list of layers, one a line as in '- conv: sobel-x', not {found}"
            raise self.document.fail(problem, *path)
        if len(value) > MAX_LAYERS:
            raise self.document.fail(f"{len(value)} layers are more than {MAX_LAYERS}", *path)
        return tuple(self.layer(one, *path, at) for at, one in enumerate(value))

    def layer(self, value: Any, *path: Step) -> Layer:
        """Return the layer at `path`: its name alone, or with its fields."""
        if isinstance(value, str):
            return self.made(self.named(value, *path), None, *path)
        if not isinstance(value, dict) or not value:
            problem = f"expected a layer such as 'relu' or 'pool: {{max: 2}}', not {described(value)}"
            raise self.document.fail(problem, *path)
        (name, given), *others = value.items()
        kind = self.named(name, *path, name)
        if others:
            beside = others[0][0]
            known = [field.name for field in fields(kind)]
            remedy = f"indent it below '{name}:'" if beside in known else "begin every layer with '- '"
            place = self.document.where_key(*path, beside)
            problem = f"{quoted(beside)} stands beside {quoted(name)}, but a layer has one name; {remedy}"
            raise PipelineFileError(self.document.source, problem, *place)
        return self.made(kind, given, *path, name)

    def named(self, name: str, *path: Step) -> type[Layer]:
        """Return the kind of layer called `name`."""
        place = self.document.where_key(*path)
        if not LAYERS.has(name):
            # What is no pipeline may be anybody's file, whose words are not for messages.
            raise PipelineFileError(self.document.source, LAYERS.unknown(name, quote=self.familiar), *place)
        try:
            return layers.find(name)
        except PluginError as error:
            raise PipelineFileError(self.document.source, str(error), *place) from error

    def made(self, kind: type[Layer], given: Any, *path: Step) -> Layer:
        """Return the layer of a kind with the fields that are given."""
        known = fields(kind)
        if isinstance(given, dict):
            self.document.mapping([field.name for field in known], *path)
            values = {
                field.name: self.field(field, given[field.name], *path, field.name)
                for field in known
                if field.name in given
            }
        elif given is None:
            values = {}
        elif known:
            values = {known[0].name: self.field(known[0], given, *path)}
        else:
            raise self.document.fail(f"{path[-1]} has no fields, so nothing follows its name", *path)
        missing = [field.name for field in known if field.required and field.name not in values]
        if missing:
            place = self.document.where_key(*path)
            problem = f"{kind.kind} needs '{missing[0]}'" + (f": {known_as(known, missing[0])}" if known else "")
            raise PipelineFileError(self.document.source, problem, *place)
        try:
            return kind(**values)
        except ImgconvError as error:
            option = getattr(error, "option", None)
            place = self.document.where(*path, option) if option in values else self.document.where_key(*path)
            raise PipelineFileError(self.document.source, str(error), *place) from None

    def field(self, field: Field, value: Any, *path: Step) -> Any:
        """Return the value of a field."""
        if field.kind == "Branches":
            if not isinstance(value, list):
                raise self.document.fail(
                    f"{field.name} must be a list of lists of layers, not {described(value)}", *path
                )
            return tuple(self.branch(one, *path, at) for at, one in enumerate(value))
        try:
            return read(field.kind, value, self.folder)
        except Wrong as wrong:
            named = wrong.problem.startswith(f"{field.name}: ")
            raise self.document.fail(
                wrong.problem if named else f"{field.name}: {wrong.problem}", *path, *wrong.path
            ) from None

    def branch(self, value: Any, *path: Step) -> tuple[Layer, ...]:
        """Return the layers of a branch: a list of them, or a single one."""
        return self.chain(value, *path) if isinstance(value, list) else (self.layer(value, *path),)


def known_as(known: list[Field], name: str) -> str:
    """Return what a field is, in words."""
    return next(field.description for field in known if field.name == name)
