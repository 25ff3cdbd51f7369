"""The table of formats of docs/files.md says what happens, whatever optional libraries are installed."""

import importlib.util

from image import format_table

from imgconv.image import FORMATS, Metadata
from imgconv.image.formats import LIBRARIES


def test_the_page_has_the_table_as_it_has_to_be():
    shown = format_table.PAGE.read_text(encoding="utf-8")
    part = shown.partition(format_table.BEGIN)[2].partition(format_table.END)[0]
    assert part == format_table.table(), "python tests/image/format_table.py --write puts it right"


def test_the_page_begins_with_the_formats_that_are_read():
    assert f"\n\n{format_table.sentence()}\n\n" in format_table.PAGE.read_text(encoding="utf-8")


def test_no_cell_is_left_to_the_page_but_those_that_need_an_extra():
    """With every extra all cells are found out; without, those alone are not which the page says to need one."""
    installed = all(importlib.util.find_spec(library.module or library.name) for library in LIBRARIES)
    rows = {spec.name: format_table.cells(spec.name) for spec in FORMATS}
    assert all(row[0] and row[-1] is not None for row in rows.values())
    unknown = {name for name, row in rows.items() if None in row}
    assert unknown <= (set() if installed else {"AVIF", "JXL", "EXR"})


def test_the_table_is_the_same_without_the_extras():
    with format_table.without_extras():
        bare = {spec.name: format_table.cells.__wrapped__(spec.name) for spec in FORMATS}
    for spec in FORMATS:
        for without, shown in zip(bare[spec.name], format_table.cells(spec.name), strict=True):
            assert shown is None or without in (shown, None)


def test_what_a_writer_loses_shows(monkeypatch):
    """Nothing is taken from the list of formats: what comes back is looked at."""
    from imgconv.image import writer

    prepared = writer.prepared

    def careless(*arguments):
        image, notes = prepared(*arguments)
        return image.replace(metadata=Metadata(), pixels=image.pixels // 4 * 4), notes

    before = format_table.cells("BMP")
    monkeypatch.setattr(writer, "prepared", careless)
    after = format_table.cells.__wrapped__("BMP")
    assert (before[1], before[5]) == ("exactly", "resolution") and (after[1], after[5]) == ("nearly", "")
