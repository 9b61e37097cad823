"""Prints python-literals.json: what the official SDK makes of one value of each type. See README.md."""
import asyncio, base64, json, datetime, enum, dataclasses, typing
from typing import Optional, Union, Dict, List, Any, Literal
from pydantic import BaseModel
import flyte, flyte.io
from flyte.types import TypeEngine
from flyte.models import NativeInterface
from flyte._interface import literal_to_enum
from google.protobuf.json_format import MessageToDict

class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"

class User(BaseModel):
    name: str
    age: int
    score: float
    tags: List[str] = []
    nick: Optional[str] = None
    at: datetime.datetime
    took: datetime.timedelta

@dataclasses.dataclass
class Point:
    x: float
    n: int
    at: datetime.datetime
    took: datetime.timedelta
    raw: bytes
    label: Optional[str] = None

class Level(enum.IntEnum):
    LOW = 1
    HIGH = 10

class Model(BaseModel):
    color: Color
    level: Level
    colors: List[Color]
    maybe: Optional[Color] = None
    either: Union[int, Color] = 1
    counts: Dict[Color, int] = {}
    at: datetime.datetime

@dataclasses.dataclass
class Data:
    color: Color
    level: Level
    colors: List[Color]
    maybe: Optional[Color]
    either: Union[int, Color]
    counts: Dict[Color, int]
    at: datetime.datetime

naive = datetime.datetime(2026, 11, 23, 18, 30, 1, 500000)
enums = dict(color=Color.RED, level=Level.HIGH, colors=[Color.BLUE], maybe=Color.RED, either=Color.BLUE, counts={Color.RED: 5}, at=naive)
UTC = datetime.timezone.utc
at = datetime.datetime(2026, 11, 23, 18, 30, 1, 123456, tzinfo=UTC)
took = datetime.timedelta(hours=1, seconds=30, microseconds=500000)
rows = [
 ("string", str, "héllo 🔑"), ("integer", int, 42), ("integer-large", int, 2**60), ("float", float, 1.0), ("float-nan", float, float("nan")), ("float-negative-zero", float, -0.0),
 ("boolean", bool, True), ("datetime", datetime.datetime, at), ("date", datetime.date, datetime.date(2026,11,23)), ("duration", datetime.timedelta, took), ("duration-negative", datetime.timedelta, -took),
 ("none", type(None), None), ("list", List[int], [1,2,3]), ("list-list", List[List[str]], [["a"],[]]), ("map", Dict[str,float], {"a":1.5}),
 ("dict", dict, {"a":1,"b":[1.5,None,"x"]}), ("enum", Color, Color.BLUE), ("literal", literal_to_enum(Literal["low","high"]), "low"),
 ("optional-set", Optional[str], "x"), ("optional-none", Optional[str], None), ("union", Union[int,str,bool], True), ("union-list", Union[List[int],Dict[str,int]], {"a":1}),
 ("pydantic", User, User(name="Ada", age=36, score=1.0, tags=["x"], at=at, took=took)),
 ("optional-pydantic", Optional[User], User(name="Ada", age=36, score=1.0, at=at, took=took)),
 ("dataclass", Point, Point(x=2.0, n=7, at=at, took=took, raw=b"\x00\xff")),
 ("file", flyte.io.File, flyte.io.File(path="s3://bucket/data.csv", format="csv", hash="abc")),
 ("dir", flyte.io.Dir, flyte.io.Dir(path="s3://bucket/data", format="csv", hash="abc")),
 ("bytes", bytes, b"\x00\xff\x80hello"), ("tuple", tuple[int,str], (1,"a")),
 ("datetime-naive", datetime.datetime, naive), ("int-enum", Level, Level.HIGH), ("pydantic-enums", Model, Model(**enums)), ("dataclass-enums", Data, Data(**enums)),
 ("dict-large", dict, {"a": 5, "b": 2**60 + 1}), ("dict-int-keys", Dict[int,str], {5: "x", 2**60 + 1: "y"}), ("dict-enum-keys", Dict[Color,int], {Color.RED: 1}),
 ("map-proto", Dict[str,int], {"__proto__": 1, "a": 2**60}), ("dict-proto", dict, {"__proto__": {"__proto__": 1}}),
]
async def main():
    out=[]
    for name,t,v in rows:
        lt=TypeEngine.to_literal_type(t)
        lit=await TypeEngine.to_literal(v,t,lt)
        out.append({"row":name,"type":base64.b64encode(lt.SerializeToString(deterministic=True)).decode(),"literal":base64.b64encode(lit.SerializeToString(deterministic=True)).decode()})
    print(json.dumps({"sdk":flyte.__version__,"rows":out},indent=1))
asyncio.run(main())
