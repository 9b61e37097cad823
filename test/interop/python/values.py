"""
Writes and reads values with the official SDK, for values.spec.ts.

A type is a name in TYPES. A value is JSON in which an object with one field is a tag and what it holds: see build() and
show(). A message is base64.
"""

import asyncio
import base64
import dataclasses
import datetime
import enum
import struct
from typing import Any

import flyte.io
from flyte._internal.runtime import convert
from flyte.types import TypeEngine
from flyteidl2.core import literals_pb2, types_pb2
from flyteidl2.task import common_pb2
from pydantic import BaseModel
from values_types import CLASSES, ENUMS, SIGNATURES, TYPES


def build(value: Any) -> Any:
    """From JSON to Python's value."""
    if isinstance(value, list):
        return [build(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, inner),) = value.items()
    match tag:
        case "int":
            return int(inner)
        case "float":
            return struct.unpack(">d", bytes.fromhex(inner))[0]
        case "bytes":
            return base64.b64decode(inner)
        case "datetime":
            return datetime.datetime.fromisoformat(inner)
        case "date":
            return datetime.date.fromisoformat(inner)
        case "timedelta":
            return datetime.timedelta(microseconds=int(inner))
        case "enum":
            return ENUMS[inner[0]][inner[1]]
        case "dict":
            return {build(key): build(item) for key, item in inner}
        case "tuple":
            return tuple(build(item) for item in inner)
        case "File":
            return flyte.io.File(**inner)
        case "Dir":
            return flyte.io.Dir(**inner)
        case _:
            return CLASSES[tag](**{key: build(item) for key, item in inner})


def show(value: Any) -> Any:
    """The way back: what kind of value it is shows in the tag."""
    if isinstance(value, enum.Enum):
        return {"enum": [type(value).__name__, value.name]}
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": struct.pack(">d", value).hex()}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"date": value.isoformat()}
    if isinstance(value, datetime.timedelta):
        return {"timedelta": str(value // datetime.timedelta(microseconds=1))}
    if isinstance(value, list):
        return [show(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[show(key), show(item)] for key, item in value.items()]}
    if isinstance(value, (flyte.io.File, flyte.io.Dir)):
        return {type(value).__name__: {"path": value.path, "format": value.format, "hash": value.hash}}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return {"tuple": [show(item) for item in value]}
    if isinstance(value, BaseModel):
        fields = [(name, getattr(value, name)) for name in type(value).model_fields]
    elif dataclasses.is_dataclass(value):
        fields = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    else:
        fields = list(value._asdict().items())
    return {type(value).__name__: [[name, show(field)] for name, field in fields]}


def encoded(message: Any) -> str:
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()


def decoded(kind: Any, text: str) -> Any:
    return kind.FromString(base64.b64decode(text))


def types():
    """The names that a type may have."""
    return list(TYPES)


def write(type, value):
    """A value as Python writes it."""

    async def act():
        literal_type = TypeEngine.to_literal_type(TYPES[type])
        return encoded(await TypeEngine.to_literal(build(value), TYPES[type], literal_type))

    return asyncio.run(act())


def through(type, literal):
    """What Python reads, and as what it writes that again."""

    async def act():
        value = await TypeEngine.to_python_value(decoded(literals_pb2.Literal, literal), TYPES[type])
        again = await TypeEngine.to_literal(value, TYPES[type], TypeEngine.to_literal_type(TYPES[type]))
        return {"value": show(value), "literal": encoded(again)}

    return asyncio.run(act())


def guess(type, value):
    """A value as a caller writes it who knows a LiteralType and nothing else of the task."""

    async def act():
        literal_type = decoded(types_pb2.LiteralType, type)
        guessed = TypeEngine.guess_python_type(literal_type)
        return encoded(await TypeEngine.to_literal(build(value), guessed, literal_type))

    return asyncio.run(act())


def outputs(task, value):
    """What a function returns, as its outputs."""
    made = convert.convert_from_native_to_outputs(build(value), SIGNATURES[task])
    return encoded(asyncio.run(made).proto_outputs)


def inputs(task, inputs):
    """What a function gets of its inputs."""
    given = convert.Inputs(proto_inputs=decoded(common_pb2.Inputs, inputs))
    return show(asyncio.run(convert.convert_inputs_to_native(given, SIGNATURES[task])))


def defaults(task):
    """The defaults that are deployed with a function."""
    return [encoded(parameter) for parameter in asyncio.run(convert.convert_upload_default_inputs(SIGNATURES[task]))]
