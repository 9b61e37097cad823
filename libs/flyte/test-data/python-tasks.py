"""Prints python-tasks.json: the TaskSpecs that the official SDK deploys, of tasks with each kind of type. See README.md."""
import asyncio, base64, datetime, enum, json, sys, typing
from dataclasses import dataclass, field
from typing import Any, Dict, List, Literal, NamedTuple, Optional, TypedDict, Union

# The SDK warns on standard output.
stdout, sys.stdout = sys.stdout, sys.stderr

import flyte
import flyte.io
from flyte._deploy import _get_documentation_entity
from flyte._internal.runtime.convert import convert_upload_default_inputs
from flyte._internal.runtime.task_serde import translate_task_to_wire
from flyte.models import SerializationContext
from pydantic import BaseModel, ConfigDict, Field


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    street: str
    zip: Optional[int] = None


class User(BaseModel):
    """Somebody."""

    name: str = Field(description="how they sign", min_length=1, max_length=10, pattern="^[A-Z]")
    age: int = Field(ge=0, default=5)
    score: float = 1
    tags: List[str] = []
    nick: Optional[str] = None
    at: datetime.datetime
    day: datetime.date
    took: datetime.timedelta = datetime.timedelta(days=1)
    raw: bytes = Field(description="as is")
    color: Color
    shade: Color = Color.RED
    level: Literal["low", "high"] = "low"
    one: Literal[1] = 1
    mixed: Literal["a", 2, None] = 2
    home: Address = Address(street="Main")
    homes: Dict[str, Address] = {}
    anything: Any = None
    loose: dict = {}
    items: list = []
    pair: tuple[int, str] = (1, "a")
    many: tuple[int, ...] = ()
    either: Union[int, str, Address]
    file: flyte.io.File = Field(description="what they wrote")
    folder: Optional[flyte.io.Dir] = None
    numbers: set[int] = set()
    by_number: Dict[int, str] = {}


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


class Node(BaseModel):
    value: int
    next: Optional["Node"] = None
    kids: List["Node"] = []
    named: Dict[str, "Node"] = {}


class Left(BaseModel):
    right: Optional["Right"] = None


class Right(BaseModel):
    left: Left


Left.model_rebuild()


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Home(BaseModel):
    pet: Union[Cat, Dog] = Field(discriminator="kind")


@dataclass
class Inner:
    n: int
    label: Optional[str] = None


@dataclass
class Point:
    x: float
    n: int
    at: datetime.datetime
    day: datetime.date
    took: datetime.timedelta
    raw: bytes
    inner: Inner
    inners: List[Inner]
    color: Color
    counts: Dict[str, int]
    file: flyte.io.File
    folder: flyte.io.Dir
    label: Optional[str] = None
    times: int = 3
    pair: tuple[int, str] = (1, "a")
    more: List[int] = field(default_factory=lambda: [1])


@dataclass
class Tree:
    value: int
    kids: List["Tree"] = field(default_factory=list)


class Named(NamedTuple):
    a: int
    b: str


class Typed(TypedDict):
    a: int
    b: str


env = flyte.TaskEnvironment(name="py", image="registry.local/py:1")


@env.task
async def scalars(
    i: int, f: float, s: str, b: bool, dt: datetime.datetime, d: datetime.date, td: datetime.timedelta, n: None, raw: bytes
) -> int: ...


@env.task
async def defaults(
    i: int = 5,
    f: float = 1.5,
    s: str = "it's",
    b: bool = True,
    large: int = 2**60,
    endless: float = float("inf"),
    dt: datetime.datetime = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
    td: datetime.timedelta = datetime.timedelta(days=1),
    none: Optional[int] = None,
    some: Optional[int] = 3,
    first: Union[None, int] = None,
    three: Union[int, str, None] = None,
    either: Union[int, str] = "x",
    color: Color = Color.RED,
    level: Literal["low", "high"] = "low",
    ints: List[int] = [1],
    counts: Dict[str, int] = {"b": 2, "a": 1},
    home: Address = Address(street="Main"),
    point: Inner = Inner(n=1),
    user: Optional[Address] = None,
    loose: dict = {"a": 1},
    raw: bytes = b"x",
    gone: Any = 1,
) -> None:
    """Has defaults.

    More about it.
    """


@env.task
async def containers(
    l: List[int], ll: List[List[str]], m: Dict[str, float], ml: Dict[str, List[int]], d: dict, by_number: Dict[int, str],
    lo: List[Optional[int]], mo: Dict[str, Union[int, str]], lu: List[Address], ld: List[dict], lb: List[bytes],
) -> Dict[str, List[Address]]: ...


@env.task
async def unions(
    a: Optional[str], b: Union[int, str, bool], c: Union[List[int], Dict[str, int]], d: Optional[datetime.date],
    e: Union[datetime.datetime, str], f: Optional[Color], g: Union[Address, Inner], h: Optional[dict], i: Optional[bytes],
    j: Optional[flyte.io.File], k: Union[flyte.io.File, flyte.io.Dir], l: Optional[tuple[int, str]], m: Optional[Tree],
) -> Optional[Address]: ...


@env.task
async def files(f: flyte.io.File, d: flyte.io.Dir, fs: List[flyte.io.File]) -> flyte.io.Dir: ...


@env.task
async def pydantic(user: User, users: List[User], maybe: Optional[User], open: Open, home: Home) -> User: ...


@env.task
async def recursive(node: Node, left: Left, maybe: Optional[Node] = None) -> Node: ...


@env.task
async def dataclasses(point: Point, maybe: Optional[Point], tree: Tree) -> Inner: ...


@env.task
async def tuples(pair: tuple[int, str], named: Named, typed: Typed, users: tuple[Address, int]) -> tuple[int, str, Address]: ...


@env.task
async def tuple_list() -> List[tuple[int, str]]: ...


@env.task
async def named_outputs(text: str) -> typing.NamedTuple("Out", count=int, words=List[str]): ...


@env.task
async def nothing(): ...


@env.task
async def pickles(a: Any) -> Any: ...


@env.task
async def frames(df: flyte.io.DataFrame) -> int: ...


@env.task
async def half() -> tuple[int, flyte.io.DataFrame]: ...


@env.task
async def optional_named(named: Optional[Named]) -> int: ...


flyte.init(sync_local_sys_paths=False)
context = SerializationContext(project="p", domain="d", version="v1", org="o", code_bundle=None, root_dir="/", image_cache=None)
tasks = [
    scalars, defaults, containers, unions, files, pydantic, recursive, dataclasses, tuples, tuple_list, named_outputs, nothing,
    pickles, frames, half, optional_named,
]


async def main():
    out = {}
    for task in tasks:
        inputs = await convert_upload_default_inputs(task.interface)
        spec = translate_task_to_wire(task, context, default_inputs=inputs)
        entity = _get_documentation_entity(task)
        spec.documentation.short_description = entity.short_description
        # What starts it is no part of what is tested.
        spec.task_template.ClearField("container")
        out[task.name] = base64.b64encode(spec.SerializeToString(deterministic=True)).decode()
    print(json.dumps({"sdk": flyte.__version__, "tasks": out}, indent=2), file=stdout)


asyncio.run(main())
