"""The completion scripts, in the shells themselves."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ccqed_ctrl import cli, completion

bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")

# What bash does when the tabulator is pressed behind the last word.
TAB = r"""
source script.sh
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
spec=$(complete -p ccqed); handler=${spec##*-F }; handler=${handler%% *}
$handler ccqed "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    (folder / "script.sh").write_text(completion.script("bash", cli.commands()))
    (folder / "repository").mkdir()
    (folder / "repository" / "recall.py").touch()
    (folder / "repository" / "threshold.py").touch()
    return folder


def completed(folder, *words):
    command = ["bash", "--norc", "-c", TAB, "bash", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@bash
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("ccqed", "tw"), {"twin"}),
        (("ccqed", "--ver"), {"--version"}),
        (("ccqed", "run", "--dev"), {"--device-db"}),
        (("ccqed", "run", "-v", "--see"), {"--seed"}),
        (("ccqed", "run", "repository/re"), {"repository/recall.py"}),
        (
            ("ccqed", "list", "repository/"),
            {"repository/recall.py", "repository/threshold.py"},
        ),
        (("ccqed", "run", "--device-db", "scr"), {"script.sh"}),
        (("ccqed", "completion", ""), {"bash", "zsh"}),
        (("ccqed", "nothing", "zz"), set()),
    ],
)
def test_bash_completes(folder, words, found):
    assert completed(folder, *words) == found


@bash
def test_bash_completes_every_command_and_its_options(folder):
    names = {command.name for command in cli.commands()}
    assert {"run", "list", "twin", "show", "check", "completion"} <= names
    assert completed(folder, "ccqed", "") >= names
    for name in names:
        assert {"--help", "--verbose"} <= completed(folder, "ccqed", name, "--")


@zsh
def test_zsh_takes_the_script(tmp_path):
    script = tmp_path / "_ccqed"
    script.write_text(completion.script("zsh", cli.commands()))
    take = f'autoload -U compinit && compinit -D && eval "$(<{script})"'
    command = ["zsh", "-f", "-c", f"{take} && print $_comps[ccqed]"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ccqed" in done.stdout


@pytest.mark.parametrize(("shell", "start"), [("bash", "#"), ("zsh", "#compdef ccqed")])
def test_the_command(capsys, shell, start):
    assert cli.main(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(start)
    assert "_ccqed_run" in printed


def test_other_shells_are_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["completion", "tcsh"])
    assert stopped.value.code == cli.BAD_INPUT
    assert "tcsh" in capsys.readouterr().err
