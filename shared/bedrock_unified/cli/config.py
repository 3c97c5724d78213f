"""``bedrock-unified config``: what commands do where nothing else is said."""

from __future__ import annotations

from typing import Annotated

import typer

from ..config.own import place
from ..config.own.settings import SETTINGS, Setting, Unfit, not_fit
from ..nearest import did_you_mean
from ..settings import shown
from .backend import known_backend
from .completion import setting_names, setting_values
from .console import AsJson, print_json, print_rows, say
from .state import changing, read_state
from .usage import UsageError

app = typer.Typer(
    no_args_is_help=True,
    help="Set what commands do where nothing else is said: the model, the backend, the longest answer.",
    epilog="Settings: " + ", ".join(SETTINGS),
)

Name = Annotated[
    str, typer.Argument(metavar="SETTING", help="See 'config list'.", autocompletion=setting_names)
]
Value = Annotated[str, typer.Argument(help="Its value.", autocompletion=setting_values)]


@app.command("set")
def set_(name: Name, value: Value, as_json: AsJson = False) -> None:
    """Set one. An unknown setting, or a value that it cannot have, is refused."""
    setting = _setting(name)
    try:
        read = setting.read(value)
    except Unfit as error:
        raise UsageError(f"{name}: {not_fit(value, error)}") from None
    with changing() as own:
        if name == "default-backend":
            known_backend(own, read)
        own.settings[name] = read
    if as_json:
        print_json({name: read})
    else:
        say(f"{name} is {read} now")


@app.command("get")
def get(name: Name, as_json: AsJson = False) -> None:
    """Print one's value; exit code 1 where it is not set."""
    _setting(name)
    value = read_state().settings.get(name)
    if as_json:
        print_json(value)
    elif value is not None:
        typer.echo(value)
    else:
        say(f"{name} is not set")
    if value is None:
        raise typer.Exit(1)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the settings, and where they are kept."""
    held = read_state().settings
    if as_json:
        print_json({"file": str(place()), "settings": held})
        return
    print_rows(
        ("Setting", "Value", "For"),
        [(name, held.get(name), setting.help) for name, setting in SETTINGS.items()],
    )
    say(f"kept in {place()}")


@app.command("unset")
def unset(name: Name, as_json: AsJson = False) -> None:
    """Forget one, so that nothing is said any more; one that is not set is no error."""
    _setting(name)
    with changing() as own:
        had = own.settings.pop(name, None) is not None
    if as_json:
        print_json({name: None})
    else:
        say(f"{name} is {'not set any more' if had else 'not set'}")


def _setting(name: str) -> Setting:
    found = SETTINGS.get(name)
    if found is None:
        hint = did_you_mean(name, SETTINGS, 0.5) or f"there are: {', '.join(SETTINGS)}"
        raise UsageError(f"there is no setting {shown(name)}\nHint: {hint}")
    return found
