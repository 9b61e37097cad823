"""The types of values.spec.ts, by the names that values/kinds.ts knows them by."""

import dataclasses
import datetime
import enum
import typing
from typing import Any, Dict, List, Literal, NamedTuple, Optional, Tuple, TypedDict, Union

import flyte.io
from flyte._interface import literal_to_enum
from flyte.models import NativeInterface
from pydantic import BaseModel


class Color(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 10


class Address(BaseModel):
    street: str
    zip: Optional[int] = None


class User(BaseModel):
    name: str
    age: int
    score: float
    admin: bool = False
    tags: List[str] = []
    nick: Optional[str] = None
    at: datetime.datetime
    day: datetime.date
    took: datetime.timedelta
    color: Color
    more: Dict[str, Color] = {}
    maybe: Optional[Color] = None
    either: Union[int, Color] = 1
    home: Optional[Address] = None


@dataclasses.dataclass
class Point:
    x: float
    n: int


@dataclasses.dataclass
class Shape:
    name: str
    points: List[Point]
    color: Color
    level: Level
    raw: bytes
    at: datetime.datetime
    day: datetime.date
    took: datetime.timedelta
    sizes: Dict[str, int]
    colors: List[Color] = dataclasses.field(default_factory=list)
    label: Optional[str] = None
    mixed: Union[float, str] = 0.5
    word: Union[str, float] = 0.5
    codes: Dict[int, str] = dataclasses.field(default_factory=dict)
    counts: Dict[Color, int] = dataclasses.field(default_factory=dict)
    tone: Optional[Color] = None


class Loose(BaseModel):
    data: Dict[str, Any]
    numbers: Dict[str, int] = {}


@dataclasses.dataclass
class Bag:
    data: dict
    numbers: Dict[str, int] = dataclasses.field(default_factory=dict)


class Local(BaseModel):
    at: datetime.datetime


@dataclasses.dataclass
class LocalData:
    at: datetime.datetime


class Tone(BaseModel):
    name: Color
    level: Level = Level.LOW
    names: List[Color] = []
    pipe: Color | None = None
    pair: Tuple[Color, int] = (Color.RED, 1)
    counts: Dict[Color, int] = {}


class Holder(BaseModel):
    file: flyte.io.File
    dir: Optional[flyte.io.Dir] = None


@dataclasses.dataclass
class HolderData:
    files: List[flyte.io.File]


class Pair(NamedTuple):
    count: int
    name: str


class Rich(NamedTuple):
    color: Color
    home: Optional[Address]
    sizes: List[int]


class Options(TypedDict):
    count: int
    name: str


class Node(BaseModel):
    value: int
    children: List["Node"] = []


TYPES: Dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "none": type(None),
    "datetime": datetime.datetime,
    "date": datetime.date,
    "timedelta": datetime.timedelta,
    "bytes": bytes,
    "File": flyte.io.File,
    "Dir": flyte.io.Dir,
    "Color": Color,
    "Level": Level,
    "Literal": literal_to_enum(Literal["low", "high"]),
    "list[int]": List[int],
    "list[list[str]]": List[List[str]],
    "list[Color]": List[Color],
    "list[Point]": List[Point],
    "list[datetime]": List[datetime.datetime],
    "dict": dict,
    "dict[str,int]": Dict[str, int],
    "dict[str,float]": Dict[str, float],
    "dict[str,list[int]]": Dict[str, List[int]],
    "dict[str,dict[str,int]]": Dict[str, Dict[str, int]],
    "dict[str,Color]": Dict[str, Color],
    "dict[str,User]": Dict[str, User],
    "dict[int,str]": Dict[int, str],
    "dict[Color,int]": Dict[Color, int],
    "int?": Optional[int],
    "str?": Optional[str],
    "datetime?": Optional[datetime.datetime],
    "list[int]?": Optional[List[int]],
    "Color?": Optional[Color],
    "Point?": Optional[Point],
    "User?": Optional[User],
    "int|str|bool": Union[int, str, bool],
    "float|str": Union[float, str],
    "list[int]|dict[str,int]": Union[List[int], Dict[str, int]],
    "Point|Address": Union[Point, Address],
    "Address": Address,
    "User": User,
    "Point": Point,
    "Shape": Shape,
    "Loose": Loose,
    "Bag": Bag,
    "Local": Local,
    "LocalData": LocalData,
    "Tone": Tone,
    "Node": Node,
    "tuple[int,str]": Tuple[int, str],
    "Pair": Pair,
    "Options": Options,
    "Holder": Holder,
    "HolderData": HolderData,
}
CLASSES = {c.__name__: c for c in (Address, User, Point, Shape, Loose, Bag, Local, LocalData, Tone, Pair, Node, Holder, HolderData, Rich)}
ENUMS = {"Color": Color, "Level": Level}

SIGNATURES: Dict[str, NativeInterface] = {}


def task(function: typing.Callable) -> typing.Callable:
    SIGNATURES[function.__name__] = NativeInterface.from_callable(function)
    return function


@task
def named(a: int = 5, b: float = 5.0, c: Optional[int] = None) -> Pair: ...


@task
def plain(a: int, b: str) -> Tuple[int, str]: ...


@task
def lone(a: int) -> NamedTuple("Lone", [("home", Address)]): ...


@task
def rich(a: Color = Color.RED, b: Address = Address(street="x", zip=5)) -> Rich: ...
