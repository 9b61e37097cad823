# Tasks as a user writes them.
import asyncio

import flyte
from words import greeting_of

# There are no images on a local control plane. One that is named is not built.
env = flyte.TaskEnvironment(name="greeting", image="python:3.12")


@env.task
async def greet(name: str = "world", times: int = 1) -> str:
    """Greets somebody.

    As often as asked."""
    print(f"greeting {name}")
    return " ".join([greeting_of(name)] * times)


@env.task
async def greet_late(name: str) -> str:
    from later import farewell_to

    return farewell_to(name)


@env.task
async def both(name: str) -> tuple[str, int]:
    return name.upper(), len(name)


@env.task
def plain(values: list[int], factor: float = 0.5) -> dict[str, float]:
    return {str(value): value * factor for value in values}


@env.task(retries=1)
async def fail(why: str) -> str:
    raise ValueError(why)


@env.task
async def wait_long() -> str:
    print("waiting", flush=True)
    await asyncio.sleep(3600)
    return "waited"


guarded = flyte.TaskEnvironment(
    name="guarded", image="python:3.12", secrets=flyte.Secret(key="cave", as_env_var="CAVE")
)


@guarded.task(entrypoint=True)
async def open_cave() -> int:
    import os

    print("the words are", os.environ["CAVE"])
    return len(os.environ["CAVE"])
