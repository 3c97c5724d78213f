"""``bedrock-unified backend``: ways to reach Bedrock, under names."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated, Any

import typer

from ..config.own import Own
from ..config.own.backend import KEYS, URL_NEEDED, Backend, url_and_region
from ..config.own.keys import forget_in_keyring, keep_in_keyring, keywords_of_key
from ..config.own.settings import PROVIDERS
from ..errors import ConfigurationError
from ..nearest import did_you_mean
from ..settings import shown
from .completion import backend_names
from .console import AsJson, print_fields, print_json, print_rows, say
from .state import changing, read_state
from .usage import UsageError

app = typer.Typer(
    no_args_is_help=True,
    help="Keep ways to reach Bedrock under names: a region or an endpoint, and who signs.\n\n"
    "A key stays where it is (an environment variable, a profile) or goes into the system's keyring; it is "
    "never shown, and written into the settings only with --plain-text.",
)

Name = Annotated[str, typer.Argument(help="The backend's name.", autocompletion=backend_names)]
NewName = Annotated[str, typer.Argument(help="A name of your own, such as 'eu'.")]


@app.command("add")
def add(
    name: NewName,
    type_: Annotated[str, typer.Option("--type", help="Always 'bedrock'.")] = "bedrock",
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL|REGION",
            help="Its endpoint, which carries the region (https://bedrock-runtime.us-east-1.amazonaws.com), "
            "or the region alone (us-east-1).",
        ),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="The region, where the URL of an endpoint of your own tells none.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Sign with this profile of the AWS files.")] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE",
            help="The environment variable that holds its key: a Bedrock API key, or a JSON object with "
            "AccessKeyID, SecretAccessKey and SessionToken.",
        ),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY|-",
            help="Such a key, put into the system's keyring. '-' asks for it, or reads it from a pipe: other "
            "programs can see a command's arguments.",
        ),
    ] = None,
    plain_text: Annotated[
        bool, typer.Option("--plain-text", help="Write --api-key into the settings, readable.")
    ] = False,
    role_arn: Annotated[str | None, typer.Option(help="A role to assume.")] = None,
    role_session_name: Annotated[str | None, typer.Option(help="The name of its sessions.")] = None,
    external_id: Annotated[str | None, typer.Option(help="The external id that the role asks for.")] = None,
    iam_role_source: Annotated[
        str | None,
        typer.Option(metavar="auto|metadata|env", help="Where to look for the machine's own credentials."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Its model where none is named.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of one of this name.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a way to reach Bedrock under a name. The first one becomes the default."""
    if type_ not in PROVIDERS:
        raise UsageError(f"--type {shown(type_)} is not known\nHint: one of: {', '.join(PROVIDERS)}")
    if url is None:
        alone = f"; the region alone is enough: --url {region}" if region else ""
        raise UsageError(f"{URL_NEEDED}{alone}")
    if api_key is not None and api_key_env is not None:
        raise UsageError("--api-key and --api-key-env say different things about where the key is")
    if plain_text and api_key is None:
        raise UsageError("--plain-text is about --api-key, which was not given")
    endpoint, told = url_and_region(url)
    if region is not None and told is not None and region != told:
        raise UsageError(f"--url says the region {told}, --region says {region}")
    key = None if api_key is None else _read_key(api_key)
    backend = Backend(
        type=type_,
        url=endpoint,
        region=region or told,
        profile=profile,
        role_arn=role_arn,
        role_session_name=role_session_name,
        external_id=external_id,
        iam_role_source=iam_role_source,
        model=model,
        api_key_env=api_key_env,
        keyring=f"{name}-{secrets.token_hex(4)}" if key is not None and not plain_text else None,
        api_key=key if plain_text else None,
    ).checked(name)
    if key is not None:
        keywords_of_key(key, "--api-key")
    kept = False
    try:
        with changing() as own:
            before = own.backends.get(name)
            if before is not None and not replace:
                raise UsageError(
                    f"there is a backend {name!r} already\nHint: --replace puts this one in its place"
                )
            if key is not None and backend.keyring is not None:
                keep_in_keyring(backend.keyring, key, f"backend {name!r}")
                kept = True
            own.backends[name] = backend
            first = len(own.backends) == 1 and "default-backend" not in own.settings
            if first:
                own.settings["default-backend"] = name
    except ConfigurationError:
        if kept:  # in the keyring, but not in the settings: nobody would find it again
            _forget(backend, name)
        raise
    if as_json:
        print_json(_told(own, name))
    else:
        say(f"backend {name!r} is kept{', and is the default' if first else ''}")
    _forget(before, name)
    if plain_text:
        say("its key is in the settings in plain text; whoever can read your files can use it")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the backends; the default has a star."""
    own = read_state()
    default = own.settings.get("default-backend")
    if as_json:
        print_json([_told(own, name) for name in own.backends])
        return
    if not own.backends:
        say("no backends yet; add one: bedrock-unified backend add eu --url eu-west-1 --profile NAME")
        return
    rows = [
        (name, "*" if name == default else "", backend.region, backend.url, _signer(backend), backend.model)
        for name, backend in own.backends.items()
    ]
    print_rows(("Name", "Default", "Region", "Endpoint", "Signed with", "Model"), rows)


@app.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show what a backend says; its key is never shown, only where it is."""
    own = read_state()
    _known(own, name)
    told = _told(own, name)
    if as_json:
        print_json(told)
    else:
        print_fields(told)


@app.command("remove")
def remove(name: Name, as_json: AsJson = False) -> None:
    """Forget a backend, and its key in the system's keyring. Also called rm and delete."""
    with changing() as own:
        backend = _known(own, name)
        del own.backends[name]
        default = own.settings.get("default-backend") == name
        if default:
            del own.settings["default-backend"]
    if as_json:
        print_json({"name": name, "removed": True, "was_default": default})
    else:
        say(f"backend {name!r} is removed{', and there is no default any more' if default else ''}")
    _forget(backend, name)


app.command("rm", hidden=True)(remove)
app.command("delete", hidden=True)(remove)


def known_backend(own: Own, name: str) -> Backend:
    """The backend of this name.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    found = own.backends.get(name)
    if found is None:
        if near := did_you_mean(name, own.backends):
            hint = near
        elif own.backends:
            hint = f"there are: {', '.join(own.backends)}"
        else:
            hint = f"add it: bedrock-unified backend add {name} --url us-east-1"
        raise UsageError(f"there is no backend {shown(name)}\nHint: {hint}")
    return found


_known = known_backend


def _told(own: Own, name: str) -> dict[str, Any]:
    default = own.settings.get("default-backend") == name
    return {"name": name, **own.backends[name].shown(), "default": default}


def _signer(backend: Backend) -> str:
    """Who signs, in a few words."""
    if backend.api_key_env is not None:
        who = f"${backend.api_key_env}"
    elif backend.profile is not None:
        who = f"profile {backend.profile}"
    elif any(getattr(backend, key) is not None for key in KEYS):
        who = "the keyring's key" if backend.keyring else "a key in plain text"
    else:
        who = "AWS's own settings"
    return f"{who}, as {backend.role_arn}" if backend.role_arn else who


def _read_key(given: str) -> str:
    """The key itself; ``-`` asks for it without showing it, or reads it from a pipe."""
    if given == "-":
        given = typer.prompt("Key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    return given.strip()


def _forget(backend: Backend | None, name: str) -> None:
    """Take a former backend's key out of the keyring; the backend has gone whether or not that works."""
    if backend is None or backend.keyring is None:
        return
    try:
        forget_in_keyring(backend.keyring, f"backend {name!r}")
    except ConfigurationError as error:
        say(
            f"its former key could not be taken out of the keyring (entry {backend.keyring}): {error.message}"
        )
