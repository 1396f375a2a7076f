"""The `ccqed` command: finding commands, and what their errors become."""

from __future__ import annotations

import importlib.metadata

import pytest

from ccqed_ctrl import cli, errors


class EntryPoint:
    def __init__(self, name, command):
        self.name, self.command, self.value = name, command, f"somewhere:{name}"

    def load(self):
        if isinstance(self.command, Exception):
            raise self.command
        return self.command


def command(name, execute):
    def configure(parser):
        parser.add_argument("items", nargs="*")
        parser.add_argument("--option", type=int)

    return cli.Command(name, f"what {name} does", configure, execute)


@pytest.fixture
def register(monkeypatch):
    registered = []

    def entry_points(group):
        assert group == "ccqed.commands"
        return registered

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)

    def add(name, execute):
        given = execute if isinstance(execute, Exception) else command(name, execute)
        registered.append(EntryPoint(name, given))

    return add


def raising(error):
    def execute(_):
        raise error

    return execute


def test_a_command_gets_its_arguments(register):
    seen = []
    register("run", lambda options: seen.append(options) or 7)
    assert cli.main(["run", "a=1", "--option", "3", "b=2", "-vv"]) == 7
    (options,) = seen
    assert (options.items, options.option) == (["a=1", "b=2"], 3)
    assert (options.verbose, options.quiet) == (2, 0)


def test_an_argument_with_dashes_is_told_how_it_is_written(register, capsys):
    register("run", lambda options: 0)
    assert cli.main(["run", "a=1", "--corruption=0.2"]) == 2
    said = capsys.readouterr().err
    assert "no option --corruption=0.2; an argument of the experiment is" in said
    assert "written corruption=0.2" in said
    assert cli.main(["run", "--nonsense"]) == 2
    assert capsys.readouterr().err == "ccqed: ccqed run has no option --nonsense\n"


def test_help_is_a_word_too(register, capsys):
    register("run", lambda options: 0)
    assert cli.main(["help"]) == 0
    assert "run         what run does" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["help", "run"])
    assert "--option" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ParameterError("x"), 2),
        (errors.ShapeError("x"), 2),
        (errors.ExperimentError("x"), 2),
        (errors.ResultsError("x"), 2),
        (errors.DeviceError("x"), 1),
        (errors.DecodingError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_one_line_and_a_code(register, capsys, error, code):
    register("run", raising(error))
    assert cli.main(["run"]) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_bugs_are_not_hidden(register):
    register("run", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        cli.main(["run"])


def test_a_broken_command_is_named_and_harms_no_other(register, capsys):
    register("run", lambda _: 0)
    register("show", ImportError("no matplotlib"))
    assert cli.main(["run"]) == 0
    assert cli.main(["--help"]) == 0
    output = capsys.readouterr().out
    assert "what run does" in output
    assert "no matplotlib" in output
    assert cli.main(["show"]) == 1
    assert "'show' is broken: no matplotlib" in capsys.readouterr().err


def test_an_unknown_command_gets_a_suggestion(register, capsys):
    register("run", lambda _: 0)
    assert cli.main(["rnu"]) == 2
    assert "did you mean 'run'" in capsys.readouterr().err
    assert cli.main([]) == 2


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ccqed ")


def test_arguments_of_the_wrong_form(register, capsys):
    register("run", lambda _: 0)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["run", "--option", "many"])
    assert stopped.value.code == 2
    assert "many" in capsys.readouterr().err
