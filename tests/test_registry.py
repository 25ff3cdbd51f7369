"""Rooms of peers: a folder is the list of its members, and other packages add to it by entry points."""

import subprocess
import sys

import numpy as np
import pytest
from packages import install

import imgconv
from imgconv import registry
from imgconv.cli import HELPERS, Commands, command_of
from imgconv.cli import types as cli_types
from imgconv.cli.draw import Drawings
from imgconv.errors import ImgconvError, OptionError, PluginError
from imgconv.registry import Broken, Registry, declared, function

GROUP = "imgconv.tools"
GOOD = "SIZE = 3\ndef use():\n    return 'used'\n"


def contract(name, module):
    """A tool: how large it is, and what comes of using it."""
    return name, declared(module, "SIZE", int, 1), function(module, "use")()


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A room of two members, in a package of its own."""
    room = tmp_path / "house" / "tools"
    room.mkdir(parents=True)
    (tmp_path / "house" / "__init__.py").touch()
    for name in ("__init__", "base", "_part", "long_saw", "hammer"):
        (room / f"{name}.py").write_text(GOOD if name[0] not in "_b" else "")
    (room / "notes.txt").touch()
    monkeypatch.setattr(registry, "_ROOT", str(tmp_path / "house"))
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("tool", "house.tools", "tool", GROUP)
    for name in [name for name in sys.modules if name.startswith(("house", "added"))]:
        del sys.modules[name]


def test_a_folder_is_the_list_of_its_members(tools):
    assert tools.names() == tools.all_names() == ["hammer", "long-saw"]
    assert not any(name.startswith("house") for name in sys.modules), "names come without an import"
    assert tools.get("long-saw", contract) == ("long-saw", 3, "used")
    assert "house.tools.hammer" not in sys.modules, "a member is imported when it is asked for"
    assert list(tools.every(contract)) == ["hammer", "long-saw"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("hamer", "tool: there is no tool 'hamer'; did you mean 'hammer'?"),
        ("xyz", "tool: there is no tool 'xyz'; the tools are hammer, long-saw"),
        ("base", "tool: there is no tool 'base'; the tools are hammer, long-saw"),
        ("_part", "tool: there is no tool '_part'; the tools are hammer, long-saw"),
        ("long_saw", "tool: there is no tool 'long_saw'; did you mean 'long-saw'?"),
        ("..", "tool: there is no tool '..'; the tools are hammer, long-saw"),
    ],
)
def test_an_unknown_name(tools, name, sentence):
    assert not tools.has(name)
    with pytest.raises(OptionError) as refused:
        tools.get(name, contract)
    assert str(refused.value) == sentence


def test_a_name_that_may_be_a_secret_is_repeated_only_where_it_is_nearly_a_member(tools):
    assert tools.unknown("hunter2", quote=False) == "there is no tool of that name; the tools are hammer, long-saw"
    assert tools.unknown("hamer", quote=False) == "there is no tool 'hamer'; did you mean 'hammer'?"


def test_members_of_other_packages(tools, tmp_path):
    install(tmp_path / "site", "added-tools", {GROUP: {"drill": "added_drill"}}, added_drill=GOOD)
    assert not tools.has("drill")
    sys.path.insert(0, str(tmp_path / "site"))
    assert tools.has("drill") and tools.has("hammer") and not tools.has("anvil")
    assert (tools.names(), tools.all_names()) == (["hammer", "long-saw"], ["drill", "hammer", "long-saw"])
    assert tools.unknown("dril").endswith("did you mean 'drill'?")
    assert "added_drill" not in sys.modules
    assert tools.get("drill", contract) == ("drill", 3, "used")
    assert list(tools.every(contract)) == ["drill", "hammer", "long-saw"]
    assert tools.added(contract) == {"drill": ("drill", 3, "used")}
    assert Registry("tool", "house.tools", "tool").plugins() == []


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("drill", "import no_such_module", "it needs the module no_such_module, which is not installed"),
        (
            "drill",
            "1 / 0",
            "added_x cannot be imported, as it raises ZeroDivisionError; python -c 'import",
        ),
        ("drill", "raise SystemExit(3)", "added_x cannot be imported, as it raises SystemExit"),
        ("drill", "def use(:", "added_x cannot be imported, as it raises SyntaxError"),
        ("drill", "SIZE = 3", "its module has no use"),
        ("drill", "use = 3", "its use is not a function"),
        ("drill", GOOD + "SIZE = 'x'", "its SIZE is not of the type int"),
        ("hammer", GOOD, "imgconv has one of that name itself"),
        ("Hammer", GOOD, "a name has lower-case letters, digits and hyphens"),
        ("long drill", GOOD, "a name has lower-case letters, digits and hyphens"),
    ],
)
def test_what_cannot_be_used_is_refused_and_its_package_named(tools, tmp_path, name, source, problem):
    install(tmp_path / "site", "Added-tools", {GROUP: {name: "added_x"}}, added_x=source)
    sys.path.insert(0, str(tmp_path / "site"))
    with pytest.raises(PluginError) as refused:
        tools.every(contract)
    assert str(refused.value).startswith(f"tool '{name}' of the package Added-tools cannot be used: {problem}")
    assert refused.value.exit_code == 1
    assert tools.get("hammer", contract) == ("hammer", 3, "used"), "the package's own is there all the same"


@pytest.mark.parametrize("value", ["added_x:use", "added_x:missing", "no_such_module", "added x"])
def test_an_entry_point_names_a_module(tools, tmp_path, value):
    install(tmp_path / "site", "added", {GROUP: {"drill": value}}, added_x=GOOD)
    sys.path.insert(0, str(tmp_path / "site"))
    with pytest.raises(PluginError, match="tool 'drill' of the package added cannot be used: "):
        tools.get("drill", contract)


def test_two_packages_with_one_name(tools, tmp_path):
    for package in ("added-one", "added-two"):
        install(tmp_path / "site", package, {GROUP: {"drill": "added_x"}}, added_x=GOOD)
    sys.path.insert(0, str(tmp_path / "site"))
    with pytest.raises(PluginError, match="of the package added-one and added-two cannot be used: "):
        tools.get("drill", contract)


def test_a_package_that_is_installed_twice_is_one(tools, tmp_path):
    for place, package in (("site", "added.tools"), ("other", "Added_Tools")):
        install(tmp_path / place, package, {GROUP: {"drill": "added_x"}}, added_x=GOOD)
        sys.path.insert(0, str(tmp_path / place))
    assert tools.get("drill", contract) == ("drill", 3, "used")


@pytest.mark.parametrize("text", ["[imgconv.tools]\nno equals sign\n", b"[imgconv.tools]\n\xff = x\n", "", "]["])
def test_metadata_that_somebody_else_got_wrong(tools, tmp_path, text):
    install(tmp_path / "site", "added-tools", {GROUP: {"drill": "added_drill"}}, added_drill=GOOD)
    install(tmp_path / "site", "wrong", {})
    file = tmp_path / "site" / "wrong-1.0.dist-info" / "entry_points.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    sys.path.insert(0, str(tmp_path / "site"))
    assert tools.all_names() == ["drill", "hammer", "long-saw"]


def test_a_package_without_a_name(tools, tmp_path):
    install(tmp_path / "site", "added-tools", {GROUP: {"drill": "added_x"}}, added_x="")
    (tmp_path / "site" / "added_tools-1.0.dist-info" / "METADATA").unlink()
    sys.path.insert(0, str(tmp_path / "site"))
    with pytest.raises(ImgconvError, match="of the package without a name cannot be used: its module has no use"):
        tools.get("drill", contract)


def test_a_table_of_members(tools):
    room = Registry("tool", "house", "tool", GROUP, table=("saw", "axe"))
    assert (room.names(), room.has("axe"), room.added(contract)) == (["axe", "saw"], True, {})


def test_a_member_of_this_package_that_breaks_its_contract(tools, tmp_path):
    (tmp_path / "house" / "tools" / "axe.py").write_text("")
    with pytest.raises(PluginError, match="tool 'axe' of the package imgconv cannot be used: its module has no use"):
        tools.get("axe", contract)
    with pytest.raises(Broken):
        declared(3, "use", int)


@pytest.mark.parametrize("group", [Commands, Drawings])
def test_every_command_keeps_its_contract(group):
    commands = group.registry.every(command_of)
    assert list(commands) == group.registry.names()
    for name, command in commands.items():
        assert (command.help or "").strip(), f"{name} has no help"
    assert not commands.keys() & HELPERS
    with pytest.raises(Broken, match="its module has no command"):
        command_of("types", cli_types)


COMMANDS = (
    "apply {picture} out.png -k box --overwrite",
    "apply {picture} out.png --pipeline layers.yaml --overwrite --json",
    "pool {picture} out.png --max 2 --overwrite",
    "size 32 -k 3",
    "size --help",
    "apply --help",
    "--help",
    "kernels export box --to csv",
    "batch {picture} made -k box -q",
    "kernels export --help",
)
"""What never looks through what is installed."""


def test_what_needs_no_other_package_does_not_look_for_any(tmp_path):
    (tmp_path / "layers.yaml").write_text("- conv: box\n- pool: {max: 2}\n- relu\n")
    imgconv.write(tmp_path / "a.png", np.full((8, 8, 3), 7, np.uint8))
    code = (
        "import sys\nfrom imgconv.cli import main\n"
        f"for line in {COMMANDS!r}:\n"
        "    sys.argv = ['imgconv', *line.format(picture='a.png').split()]\n"
        "    try:\n        main()\n"
        "    except SystemExit as end:\n        assert not end.code, line\n"
        "    assert 'importlib.metadata' not in sys.modules, line\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
