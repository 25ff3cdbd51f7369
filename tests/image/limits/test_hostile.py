"""Files that ask for much cost little, whoever reads them: held to memory, and to no tight time."""

import pytest
from image import limited
from image.hostile import HOSTILE, directory_bomb, profile_bomb

from imgconv.image.formats import ROWS
from imgconv.image.limits.budget import Budget, BudgetError
from imgconv.image.metadata import icc, ifd

MEGABYTES, SECONDS = 300, 10
CASES = [(format, name) for format, cases in HOSTILE.items() for name in cases]
FIRST = [(format, next(iter(cases))) for format, cases in HOSTILE.items()]
LATER = [case for case in CASES if case not in FIRST]
ROADS = [["--dry-run"], ["--linear"], ["--strip"], ["--linear", "--strip"], ["--frame", "0"]]


@pytest.fixture(scope="module")
def jobs():
    with limited.jobs() as started:
        yield started


def test_every_parser_has_a_hostile_input():
    """A format that is added to the table needs one."""
    assert {"PNM" if row.family == "Netpbm" else row.name for row in ROWS} == set(HOSTILE)
    assert all(HOSTILE.values())


def held(ended):
    lines = ended.err.splitlines()
    assert ended.code in (0, 1), ended
    assert len(lines) <= 1 and "Traceback" not in ended.err, ended.err[:500]
    assert all(line.startswith("imgconv: ") and len(line) < 400 for line in lines), ended.err[:500]
    assert ended.memory < MEGABYTES << 20, f"{ended.memory >> 20} MB; {ended.err}"
    assert ended.seconds < SECONDS, f"{ended.seconds} s; {ended.err}"


@pytest.mark.parametrize(
    ("format", "name"),
    [*FIRST, *(pytest.param(*case, marks=pytest.mark.slow) for case in LATER)],
    ids=[" ".join(case) for case in FIRST + LATER],
)
def test_it_costs_little(format, name, jobs, tmp_path):
    source = tmp_path / "in.img"
    source.write_bytes(HOSTILE[format][name]())
    held(jobs("read", source, tmp_path / "pixels.npy"))
    held(jobs("imgconv", "apply", source, tmp_path / "out.png", "-k", "box", "--strip", "-q"))


@pytest.mark.slow
@pytest.mark.parametrize("options", ROADS, ids=" ".join)
@pytest.mark.parametrize(("format", "name"), CASES, ids=[" ".join(case) for case in CASES])
def test_it_costs_little_on_every_road(format, name, options, jobs, tmp_path):
    (tmp_path / "in").mkdir()
    source = tmp_path / "in" / "in.img"
    source.write_bytes(HOSTILE[format][name]())
    held(jobs("imgconv", "apply", source, tmp_path / "out.png", "-k", "box", "-q", *options))
    held(jobs("imgconv", "apply", source, tmp_path / "out.tif", "-k", "box", "-q", *options))
    held(jobs("every", source, tmp_path / "pixels.npz"))


def test_a_profile_of_tags_that_name_all_of_it_is_read_where_it_lies():
    bomb = profile_bomb()
    assert not icc.is_srgb(bomb) and not icc.has_srgb_curve(bomb)
    assert len(icc.profile_name(bomb)) <= 80


def test_fields_that_name_all_of_a_block_are_refused():
    stream = ifd.open_stream(ifd.reader_of(directory_bomb()))
    with pytest.raises(BudgetError, match="name more bytes than the file can hold"):
        stream.directory(stream.first)


@pytest.mark.parametrize("size", [0, 1000, 10**6, 10**9])
@pytest.mark.parametrize("max_pixels", [1, 10**6, 5 * 10**8, 10**12])
def test_a_budget_grows_with_the_file_and_is_used_up(size, max_pixels):
    budget = Budget(size, max_pixels)
    budget.spend(1, size)
    assert budget.steps <= Budget(size + 64, max_pixels).steps
    with pytest.raises(BudgetError, match="more bytes than the file can hold"):
        budget.spend(0, budget.bytes + 1)
    with pytest.raises(BudgetError, match=r"50000 frames .* --max-pixels \w+ lets them in"):
        Budget(0, 1000).spend_frames(50_000, "frames")
