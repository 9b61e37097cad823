# Tasks that call tasks.
import asyncio
import os

import flyte
from diary import note

items = flyte.TaskEnvironment(name="items", image="python:3.12")
env = flyte.TaskEnvironment(name="orders", image="python:3.12", depends_on=[items])


@items.task
async def process(id: str) -> str:
    note(id)
    print(f"processing {id}", flush=True)
    if id.startswith("bad"):
        raise ValueError(f"the item {id} is bad")
    return id.upper()


@items.task(cache=flyte.Cache("override", version_override="1"))
async def dear(id: str) -> str:
    return f"{id} {os.getpid()}"


@items.task
async def where() -> dict[str, str]:
    action = flyte.ctx().action
    attempt = str(flyte.ctx().attempt_number)
    return {"action": action.name, "run": action.run_name, "project": action.project, "attempt": attempt}


@env.task
async def each(ids: list[str]) -> list[str]:
    """One child after the other."""
    return [await process(id) for id in ids]


@env.task
async def together(ids: list[str]) -> list[str]:
    return list(await asyncio.gather(*(process(id) for id in ids)))


@env.task
async def mapped(ids: list[str], concurrency: int) -> list[str]:
    results = flyte.map.aio(process, ids, concurrency=concurrency, return_exceptions=True)
    return [f"{type(one).__name__} {one}" async for one in results]


@env.task
async def grouped(ids: list[str]) -> list[str]:
    """The same children in two groups: they are different ones."""
    done = []
    for group in ("night", "day"):
        with flyte.group(group):
            done += [await process(id) for id in ids]
    return done


@env.task
async def cached(id: str) -> bool:
    return await dear(id) == await dear(id)


@env.task
async def located() -> dict[str, str]:
    child = await where()
    return {**child, "parent": flyte.ctx().action.name}


@env.task
async def tree(depth: int) -> int:
    """How many tasks it takes to call two for each, and so on."""
    if depth == 0:
        return 1
    return 1 + sum(await asyncio.gather(tree(depth - 1), tree(depth - 1)))
