"""JSON schemas in the dialect that Bedrock enforces: native structured output, and tools with ``strict``.

The dialect, and who says so:

- Every object says ``additionalProperties: false``; references are internal, and recursion is refused; of the
  constraints ``enum`` of scalars, ``const``, ``anyOf``, the formats below and ``minItems`` 0 or 1 are held
  (Bedrock user guide, "Get validated JSON results from models").
- ``$ref`` and ``$defs`` are taken (recorded: bx39ed7093918826), ``anyOf`` with null too (bx3ccbf20a154e80).
- Properties need not be required: there is no rule of "all required" as in OpenAI's dialect, so optional ones
  stay optional (inferred: other clients send such schemas).

Everything else that a schema says is written into the description next to it, where the model reads it:
nothing is dropped. What cannot be said at all (open objects, any value, recursion) is refused here with the
way out, because Bedrock would refuse it, or could only answer ``{}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, cast

from ..errors import InvalidRequestError
from ..wire import json_codec
from .schema_kinds import is_kind, kinds_of, of_kind
from .schema_merge import ALSO, Impossible, both
from .schema_root import pointed, refusal, rooted

Schema = dict[str, Any]

#: Formats of strings that are held. Source: as above.
FORMATS = frozenset(
    {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"}
)
#: Optional properties, and unions, that Claude compiles at most in one request. Source: Anthropic's
#: documents on structured outputs (inferred for Bedrock).
MOST_OPTIONAL, MOST_UNIONS = 24, 16

_SCALARS = frozenset({"boolean", "integer", "null", "number", "string"})
#: What says nothing about values.
_SILENT = frozenset({"$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "discriminator"})
_UNIONS = ("anyOf", "oneOf")
_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated"})
_SAID = frozenset(
    {"$ref", "additionalProperties", "allOf", "const", "description", "enum", "items", "nullable"}
    | {"properties", "required", "title", "type", ALSO, *_UNIONS}
)


def strict_schema(schema: Mapping[str, Any]) -> Schema:
    """The schema in Bedrock's dialect; every value that it allows, the given one allows too.

    That holds but for the keywords that moved into descriptions. The given schema is not changed.

    Raises:
        InvalidRequestError: it has no form in the dialect; the message says where. Or it is no schema.
    """
    try:
        return _Dialect(rooted(schema)).whole()
    except InvalidRequestError:
        raise
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise refusal(
            f"is no JSON schema ({type(error).__name__}: {error!s:.120})",
            "look at its keywords: properties is a dict, required a list of names, description a text",
        ) from error


def is_too_big(schema: Mapping[str, Any]) -> bool:
    """Whether a schema in the dialect passes the limits under which Claude compiles it."""
    optional = unions = 0
    for node in _nodes(schema):
        properties: Mapping[str, Any] = node.get("properties") or {}
        optional += len(properties) - len(node.get("required") or ())
        unions += "anyOf" in node or isinstance(node.get("type"), list)
    return optional > MOST_OPTIONAL or unions > MOST_UNIONS


class _Dialect:
    """One schema on its way into the dialect."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._names: dict[str, str] = {}
        self._definitions: Schema = {}
        #: References that are being followed: one of them again is a recursion.
        self._open: list[str] = []

    def whole(self) -> Schema:
        schema = self._node(self._root, "")
        if schema.get("type") != "object":
            raise refusal("is no object at its root", "put what it describes into a property")
        return {**schema, "$defs": self._definitions} if self._definitions else schema

    def _node(self, given: Any, where: str) -> Schema:
        """One schema within the whole; ``where`` is its path, for messages and for titles that repeat it."""
        try:
            return self._form(given, where)
        except Impossible:
            hint = "look at what its allOf, its unions and its types say together"
            raise refusal(f"allows no value at {where or 'its root'}", hint) from None

    def _form(self, given: Any, where: str) -> Schema:
        """The same; a form of a union that raises Impossible is left out of it."""
        if not isinstance(given, Mapping):
            raise refusal(f"says {given!r:.20} at {where or 'its root'}", _ANYTHING)
        schema = dict(cast("Schema", given))
        reference = schema.get("$ref")
        if isinstance(reference, str) and not schema.keys() - _SILENT - {"$ref"}:
            return self._reference(reference)
        if "$ref" in schema or "allOf" in schema:
            return self._inlined(schema, where)
        if schema.pop("nullable", False):
            schema = _nullable(schema)
        if any(union in schema for union in _UNIONS):
            return self._union(schema, where)
        return self._plain(schema, where)

    def _inlined(self, schema: Schema, where: str) -> Schema:
        """A schema with its reference and its ``allOf`` put into it.

        Raises:
            Impossible: they contradict each other.
        """
        followed: list[str] = []
        merged = self._flat(schema, followed)
        self._open += followed
        try:
            return self._form(merged, where)
        finally:
            del self._open[len(self._open) - len(followed) :]

    def _reference(self, reference: str) -> Schema:
        self._refuse_recursion(reference)
        if reference not in self._names:
            stem = reference.rpartition("/")[2] or "root"
            taken = self._names.values()
            name = next(n for n in (stem, *(f"{stem}_{i}" for i in range(2, 9999))) if n not in taken)
            self._names[reference] = name
            self._open.append(reference)
            self._definitions[name] = self._node(pointed(reference, self._root), stem)
            self._open.pop()
        name = self._names[reference].replace("~", "~0").replace("/", "~1")
        return {"$ref": f"#/$defs/{name}"}

    def _refuse_recursion(self, reference: str) -> None:
        if reference in self._open or reference == "#":
            raise refusal(
                f"is recursive ({reference!r:.120} holds itself)",
                "a tool without strict may have such a schema: method='function_calling', strict=False",
            )

    def _flat(self, schema: Schema, followed: list[str]) -> Schema:
        """The schema with its reference and its ``allOf`` put into it."""
        rest = dict(schema)
        held: list[Any] = rest.pop("allOf", [])
        if False in held:
            raise Impossible
        parts = [cast("Schema", part) for part in held if isinstance(part, Mapping)]
        reference = rest.pop("$ref", None)
        if isinstance(reference, str):
            self._refuse_recursion(reference)
            if len(followed) > _DEEPEST:  # an allOf that leads back to itself
                raise refusal(f"follows {reference!r:.120} for ever", "look at its allOf")
            followed.append(reference)
            parts.append(pointed(reference, self._root))
        flat = [self._flat(part, followed) if "$ref" in part or "allOf" in part else part for part in parts]
        return reduce(both, [rest, *flat])

    def _union(self, schema: Schema, where: str) -> Schema:
        exactly_one = "oneOf" in schema and "discriminator" not in schema and len(schema["oneOf"]) > 1
        branches: list[Schema] = [{}]
        for union in _UNIONS:
            forms = schema.pop(union, None)
            if isinstance(forms, list):
                branches = [
                    {"allOf": [branch, form]} if branch else form
                    for branch in branches
                    for form in cast("list[Schema]", forms)
                ]
        said = {name: schema.pop(name) for name in _ANNOTATIONS & schema.keys()}
        shared = {name: value for name, value in schema.items() if name not in _SILENT}
        found: list[Schema] = []
        for branch in branches:
            try:
                whole = {"allOf": [branch, shared]} if shared else branch
                form = self._form(whole, where)
            except Impossible:
                continue  # this form contradicts itself, or what is said beside the union
            if form not in found:
                found.append(form)
        if not found:
            raise Impossible
        if exactly_one:
            said["oneOf"] = "exactly one of the forms"
        if len(found) == 1 and "$ref" not in found[0]:
            return _described(found[0], said, where)
        return _described({"anyOf": found}, said, where)

    def _plain(self, schema: Schema, where: str) -> Schema:
        kinds = kinds_of(schema)
        if "enum" in schema or "const" in schema:
            return self._choice(schema, kinds, where)
        if not kinds:
            raise refusal(f"allows any value at {where or 'its root'}", _ANYTHING)
        if len(kinds) > 1 and not _SCALARS.issuperset(kinds):
            said = {name: schema.pop(name) for name in _ANNOTATIONS & schema.keys()}
            forms = [self._plain({**of_kind(schema, kind), "type": kind}, where) for kind in kinds]
            return _described({"anyOf": forms}, said, where)
        result: Schema = {"type": kinds[0] if len(kinds) == 1 else list(kinds)}
        moved = dict(schema)
        if schema.get("format") in FORMATS and "string" in kinds:
            result["format"] = moved.pop("format")
        if kinds == ["object"]:
            result |= self._members(schema, where)
        elif kinds == ["array"]:
            result |= self._items(schema, moved, where)
        return _described(result, moved, where)

    def _choice(self, schema: Schema, kinds: list[str], where: str) -> Schema:
        choices: list[Any] = [schema["const"]] if "const" in schema else list(schema["enum"] or ())
        if any(isinstance(choice, (Mapping, list)) for choice in choices) or not choices:
            raise refusal(
                f"has a choice at {where or 'its root'} that is not among texts, numbers, booleans and null",
                "describe such values by their properties",
            )
        if kinds:
            choices = [choice for choice in choices if any(is_kind(choice, kind) for kind in kinds)]
        if "const" in schema and "enum" in schema:
            others = [json_codec.dumps(choice) for choice in schema["enum"]]
            choices = [choice for choice in choices if json_codec.dumps(choice) in others]
        if not choices:
            raise Impossible
        result: Schema = {}
        if kinds:
            result["type"] = kinds[0] if len(kinds) == 1 else list(kinds)
        result |= {"const": choices[0]} if "const" in schema else {"enum": choices}
        return _described(result, {**schema, **result, "enum": choices}, where)

    def _members(self, schema: Schema, where: str) -> Schema:
        properties: Any = schema.get("properties")
        more = schema.get("additionalProperties", properties is None)
        if more is not False and ("additionalProperties" in schema or properties is None):
            raise refusal(
                f"has an object with keys of any name at {where or 'its root'}",
                "make it a list of objects with a key and a value; or use a tool without strict: "
                "method='function_calling', strict=False",
            )
        members = {
            name: self._node(member, f"{where}.{name}" if where else str(name))
            for name, member in cast("Schema", properties or {}).items()
        }
        required: list[str] = list(schema.get("required") or ())
        if unknown := [name for name in required if name not in members]:
            raise refusal(
                f"requires {unknown[0]!r:.80} at {where or 'its root'} and does not describe it", _ANYTHING
            )
        return {"properties": members, "required": required, "additionalProperties": False}

    def _items(self, schema: Schema, moved: Schema, where: str) -> Schema:
        """Tuples are lists whose items have any of the forms; their order is told in the description."""
        items = moved.pop("items", None)
        prefix = moved.get("prefixItems")
        result: Schema = {}
        if isinstance(prefix, list):
            forms = [self._node(form, f"{where}[]") for form in cast("list[Any]", prefix)]
            if items not in (None, False):
                forms.append(self._node(items, f"{where}[]"))
            alike = [form for number, form in enumerate(forms) if form not in forms[:number]]
            result["items"] = alike[0] if len(alike) == 1 else {"anyOf": alike}
        else:
            result["items"] = self._node(True if items is None else items, f"{where}[]")
        least = schema.get("minItems")
        if isinstance(least, int) and least >= 0:
            result["minItems"] = min(least, 1)
            if least <= 1:
                moved.pop("minItems")
        return result


def _nullable(schema: Schema) -> Schema:
    """OpenAPI's ``nullable`` as a union."""
    said = {name: schema.pop(name) for name in _ANNOTATIONS & schema.keys()}
    return {"anyOf": [schema, {"type": "null"}], **said}


def _described(result: Schema, given: Mapping[str, Any], where: str) -> Schema:
    """The schema with its title, its description, and in that what has no keyword of its own."""
    told = dict(result)
    title = given.get("title")
    name = where.rpartition(".")[2].removesuffix("[]")
    if isinstance(title, str) and _plain_name(title) != _plain_name(name) and where:
        told["title"] = title
    notes = [*given.items(), *given.get(ALSO, ())]
    moved = [
        f"{keyword}: {json_codec.dumps(value).decode() if not isinstance(value, str) else value}"
        for keyword, value in notes
        if keyword not in _SILENT
        and keyword not in (_SAID - {"oneOf"})
        and result.get(keyword, _NOTHING) != value
        and not (keyword == "default" and value is None)
    ]
    texts = [text for text in (given.get("description"), told.pop("description", None)) if text]
    description = " ".join(dict.fromkeys(texts))
    if moved:
        description = f"{description} ({', '.join(moved)})" if description else ", ".join(moved)
    if description:
        told["description"] = description
    return told


def _plain_name(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _nodes(schema: Any) -> Iterable[Schema]:
    if not isinstance(schema, Mapping):
        return
    node = cast("Schema", schema)
    yield dict(node)
    inner: list[Any] = [*(node.get("anyOf") or ()), node.get("items")]
    for name in ("properties", "$defs"):
        inner += cast("Schema", node.get(name) or {}).values()
    for held in inner:
        yield from _nodes(held)


_NOTHING = object()
_DEEPEST = 100
_ANYTHING = "say its type; a tool without strict may leave it open: method='function_calling', strict=False"
