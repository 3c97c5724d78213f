"""The command's face: its commands, and what its exit codes mean.

Exit codes: 0 done; 1 a call failed; 2 wrong use, or a configuration that cannot work; 3 ``doctor`` found
something to mend; 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import click
import typer

from .._version import __version__
from ..errors import BedrockError, ConfigurationError
from .console import say_error
from .demo import demo
from .local import local
from .usage import UsageError

app = typer.Typer(
    name="bedrock-unified",
    help="Amazon Bedrock for LangChain and LlamaIndex.",
    epilog="Exit codes: 0 done, 1 a call failed, 2 wrong use, 3 doctor found something to mend, 130 Ctrl-C.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(local)


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
    """Amazon Bedrock for LangChain and LlamaIndex."""


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is returned, nothing is raised but what is a defect."""
    try:
        # Not standalone: errors are told here, in one way.
        result: Any = app(args=None if argv is None else list(argv), standalone_mode=False)
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except UsageError as error:
        say_error(str(error))
        return 2
    except ConfigurationError as error:
        say_error(str(error))
        return 2
    except BedrockError as error:
        say_error(str(error))
        return 1
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        # Whoever read our output (head, less) has gone; nothing more can be said to them.
        sys.stderr.close()
        return 1
    return result if isinstance(result, int) else 0
