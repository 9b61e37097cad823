# Tasks that call tasks.
import os

import flyte
import flyte.report
from flyte.io import File

items = flyte.TaskEnvironment(name="items", image="python:3.12")
env = flyte.TaskEnvironment(name="orders", image="python:3.12", depends_on=[items])


@items.task
async def process(id: str) -> str:
    print(f"processing {id}", flush=True)
    if id.startswith("bad"):
        raise ValueError(f"the item {id} is bad")
    return id.upper()


@items.task(cache=flyte.Cache("override", version_override="1"))
async def dear(id: str) -> str:
    return f"{id} {os.getpid()}"


@env.task
async def each(ids: list[str]) -> list[str]:
    """One child after the other."""
    return [await process(id) for id in ids]


@env.task
async def mapped(ids: list[str]) -> list[str]:
    return [str(one) async for one in flyte.map.aio(process, ids, return_exceptions=True)]


@env.task
async def grouped(ids: list[str]) -> list[str]:
    with flyte.group("night"):
        return [await process(id) for id in ids]


@flyte.trace
async def write_note(text: str) -> str:
    with open(os.environ["DIARY"], "a") as diary:
        print(text, file=diary)
    return f"note: {text}"


@env.task(retries=2)
async def noted(text: str) -> str:
    """Takes a step, and fails after it once."""
    note = await write_note(text)
    if flyte.ctx().attempt_number == 0:
        raise RuntimeError("once more")
    return note


@env.task
async def cached(id: str) -> bool:
    return await dear(id) == await dear(id)


@env.task(report=True)
async def told() -> None:
    await flyte.report.replace.aio("<b>all of it</b>")
    await flyte.report.flush.aio()


@env.task
async def count(file: File) -> int:
    async with file.open("rb") as content:
        return len(await content.read())


@env.task
async def filed() -> int:
    with open("letter.txt", "w") as letter:
        letter.write("dear sir")
    return await count(await File.from_local("letter.txt"))
