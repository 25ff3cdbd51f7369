"""The sections of the commands' help."""

import click
import pytest

from imgconv.cli import cli

LONG = ["apply", "batch", "pool"]


def shown(name):
    command = cli.get_command(click.Context(cli), name)
    context = click.Context(command, info_name=name, terminal_width=100, help_option_names=["-h", "--help"])
    return command.get_params(context), command.get_help(context)


@pytest.mark.parametrize("name", LONG)
def test_every_option_stands_once_under_a_heading(name):
    params, text = shown(name)
    listed = [
        line.split()[0].rstrip(",") for line in text.partition("Examples:")[2].splitlines() if line.startswith("  -")
    ]
    assert sorted(listed) == sorted(option.opts[0] for option in params if isinstance(option, click.Option))


@pytest.mark.parametrize("name", LONG)
def test_headings_stand_once_and_how_it_runs_comes_last(name):
    _, text = shown(name)
    headings = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert len(set(headings)) == len(headings) > 4
    assert headings[-1] == "How it runs:"
    assert "Options:" not in headings
