# Parents and children that fail, or are ended.
import asyncio
import os
import signal

import flyte
import flyte.errors
from diary import note
from orders import items, process

env = flyte.TaskEnvironment(name="failures", image="python:3.12", depends_on=[items])


@env.task(retries=2)
async def third_time() -> int:
    attempt = flyte.ctx().attempt_number
    if attempt < 2:
        raise RuntimeError("not yet")
    return attempt


@env.task
async def dies() -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


@env.task(retries=3)
async def gives_up() -> str:
    raise flyte.errors.NonRecoverableError("there is no way", "GaveUp")


@env.task
async def sleeps() -> str:
    print("asleep", flush=True)
    await asyncio.sleep(3600)
    return "never"


def said(error: Exception) -> str:
    return f"{type(error).__name__} {getattr(error, 'code', '')}: {error}"


CHILDREN = {"bad": lambda: process("bad"), "dies": dies, "gives_up": gives_up, "sleeps": sleeps}


@env.task
async def caught(child: str) -> str:
    try:
        return await CHILDREN[child]()
    except Exception as error:
        return said(error)


@env.task
async def uncaught() -> str:
    return await process("bad")


@env.task
async def patient() -> int:
    return await third_time()


@env.task(retries=2)
async def killed(ids: list[str]) -> list[str]:
    """Its first attempt is killed when it has called some, the second when it has called all."""
    attempt = flyte.ctx().attempt_number
    note(f"attempt {attempt}")
    done = [await process(ids[0])]
    others = [asyncio.create_task(process(id)) for id in ids[1:]]
    if attempt == 0:
        await others[0]
        os.kill(os.getpid(), signal.SIGKILL)
    done += await asyncio.gather(*others)
    if attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
