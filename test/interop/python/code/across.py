# Tasks that call tasks of TypeScript, and are called by them.
from datetime import datetime, timezone
from typing import NamedTuple

import flyte
import flyte.errors
import flyte.remote
from flyte.io import File
from pydantic import BaseModel

env = flyte.TaskEnvironment(name="across", image="python:3.12")


class Person(BaseModel):
    name: str
    age: int


class Everything(NamedTuple):
    text: str
    whole: int
    real: float
    yes: bool
    when: datetime
    raw: bytes
    many: list[str]
    by: dict[str, int]
    maybe: str | None
    person: Person
    file: File


def theirs(name: str):
    return flyte.remote.Task.get(name, auto_version="latest")


@env.task
async def echo(
    text: str,
    whole: int,
    real: float,
    yes: bool,
    when: datetime,
    raw: bytes,
    many: list[str],
    by: dict[str, int],
    maybe: str | None,
    person: Person,
    file: File,
) -> Everything:
    """Doubled, as a file too: who reads it, reads what this language wrote."""
    async with file.open("rb") as content:
        double = bytes(await content.read()) * 2
    path = File.new_remote()
    async with path.open("wb") as content:
        await content.write(double)
    return Everything(text * 2, whole, real, yes, when, raw, many, by, maybe, person, path)


@env.task
async def give(letter: File) -> dict[str, str]:
    """Gives everything to TypeScript, and says what comes back."""
    found = await theirs("shop.echo")(
        text="héllo",
        whole=2**40,
        real=0.5,
        yes=True,
        when=datetime(2026, 1, 31, 8, 0, 0, 250000, tzinfo=timezone.utc),
        raw=b"\x00\xff",
        many=["a", ""],
        by={"one": 1},
        maybe=None,
        person=Person(name="Ann", age=41),
        file=letter,
    )
    # Several outputs are a tuple, in the order of their names.
    said = dict(zip(sorted(Everything._fields), found))
    async with said["file"].open("rb") as content:
        said["file"] = bytes(await content.read()).decode()
    said["person"] = [said["person"].name, said["person"].age]
    return {name: str(value) for name, value in said.items()}


@env.task
async def relay(text: str) -> str:
    return f"relayed: {await theirs('shop.shout')(text=text)}"


@env.task
async def nested(text: str) -> str:
    """Python calls TypeScript, which calls Python, which calls TypeScript."""
    return f"nested: {await theirs('shop.pass')(text=text)}"


@env.task
async def bad(text: str) -> str:
    raise flyte.errors.NonRecoverableError(f"no {text}", "BadText")


@env.task
async def caught(text: str) -> str:
    try:
        return await theirs("shop.shout")(text=text)
    except Exception as error:
        return f"{type(error).__name__} {error.code}: {error}"
