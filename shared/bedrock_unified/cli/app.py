"""The command's face: the table of its commands, and what its exit codes mean.

Exit codes: 0 done; 1 a call failed; 2 wrong use, or a configuration that cannot work; 3 ``doctor`` found
something to mend; 130 Ctrl-C; 141 whoever read the output has gone.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from .._version import __version__
from ..errors import AuthenticationError, BedrockError, ConfigurationError, InvalidRequestError
from .console import abandon_output, make_writable, print_json, say, say_error, say_warnings
from .loading import Entry, group_of
from .usage import UsageError
from .wording import as_json, told

TALK, SETUP, TRY = "Call models", "Set up and check", "Without an AWS account"

#: Name, where it is (module of this package: function or Typer app), panel of ``--help``. A module is
#: imported when its command is used.
COMMANDS = (
    Entry("chat", ".chat.command:chat", TALK),
    Entry("embed", ".embed:embed", TALK),
    Entry("rerank", ".rerank:rerank", TALK),
    Entry("tokens", ".tokens:app", TALK),
    Entry("guardrail", ".guardrail:app", TALK),
    Entry("models", ".models:app", TALK, aliases=("model",)),
    Entry("backend", ".backend:app", SETUP),
    Entry("config", ".config:app", SETUP),
    Entry("doctor", ".doctor:doctor", SETUP),
    Entry("iam-policy", ".iam_policy:iam_policy", SETUP),
    Entry("local", ".local:local", TRY),
    Entry("demo", ".demo:demo", TRY),
)

HELP = (
    "Amazon Bedrock from the command line.\n\n"
    "Nothing set up yet? 'bedrock-unified local' serves a stand-in for Bedrock on this machine. With an AWS "
    "account, 'bedrock-unified chat' uses the credentials that the AWS tools use, 'backend add' keeps others "
    "under a name, and 'doctor' says what is missing."
)
EPILOG = (
    "Exit codes: 0 done; 1 a call failed; 2 wrong use, or a configuration that cannot work; 3 doctor found "
    "something to mend; 130 Ctrl-C; 141 whoever read the output has gone."
)

app = typer.Typer(
    name="bedrock-unified",
    cls=group_of(COMMANDS),
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# typer's own base of refusals: click's in the typers that are built on click, its own in those that are not.
_REFUSAL: Any = typer.BadParameter.__mro__[2]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bedrock-unified {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The group itself does nothing."""


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is returned, nothing is raised but what is a defect."""
    make_writable()
    words = sys.argv[1:] if argv is None else list(argv)
    stdout = sys.stdout
    try:
        return _run(words, stdout)
    except BrokenPipeError:  # while an error was told as JSON
        return _reader_gone(stdout)


def _run(words: list[str], stdout: Any) -> int:
    try:
        with say_warnings():
            # Not standalone: errors are told here, in one way.
            result: Any = app(
                args=words,
                prog_name="bedrock-unified",
                standalone_mode=False,
            )
            stdout.flush()  # whether the reader has gone is known only now
    except typer.Exit as left:
        return left.exit_code
    except _REFUSAL as error:
        return _refused(error, words)
    except UsageError as error:
        return _failed(error, str(error), 2, words)
    except BedrockError as error:
        # What was refused before anything was sent is wrong use.
        wrong_use = isinstance(error, InvalidRequestError) and error.status is None
        code = 2 if wrong_use or isinstance(error, ConfigurationError) else 1
        _failed(error, told(error), code, words)
        if isinstance(error, AuthenticationError):
            say("'bedrock-unified doctor' tells what was found where, and how to mend it")
        return code
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        return _reader_gone(stdout)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        abandon_output(stdout)
        say_error(f"the output cannot be written: {error.strerror}")
        return 1
    except SystemExit as left:  # typer's own answer to a broken pipe
        if isinstance(left.__context__, BrokenPipeError):
            return _reader_gone(stdout)
        raise
    return result if isinstance(result, int) else 0


def _refused(error: Any, words: Sequence[str]) -> int:
    """Tell what typer refused: in one sentence, with the way to the help."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        if error.format_message().strip():  # where rich wrote it, it is written already
            error.show()
        return 2
    hint = f"\nHint: {context.command_path} --help" if context is not None else ""
    text = f"{error.format_message()}{hint}"
    return _failed(UsageError(text), text, 2, words)


def _failed(error: UsageError | BedrockError, text: str, code: int, words: Sequence[str]) -> int:
    """Tell a failure on standard error and, where JSON was asked for, as JSON on standard output."""
    say_error(text)
    if "--json" in (words[: words.index("--")] if "--" in words else words):
        print_json(as_json(error, code))
        sys.stdout.flush()
    return code


def _reader_gone(stdout: Any) -> int:
    """Whoever read our output (head, less) has gone; nothing more can be said to them."""
    abandon_output(stdout)
    return 141
