# Tasks that ask people.
import asyncio

import flyte
import flyte.errors

env = flyte.TaskEnvironment(name="questions", image="python:3.12")


@env.task
async def ask() -> str:
    """Asks for each type that an answer may have."""
    asked = [
        await flyte.new_condition.aio(f"a-{kind.__name__}", prompt=f"Which {kind.__name__}?", data_type=kind)
        for kind in (bool, int, float, str)
    ]
    answers = await asyncio.gather(*(one.wait.aio() for one in asked))
    return ", ".join(f"{type(answer).__name__} {answer}" for answer in answers)


@env.task
async def ask_one() -> str:
    ok = await flyte.new_condition.aio("ok", prompt="**Ship** it?", prompt_type="markdown", description="of the order")
    try:
        return f"answered {await ok.wait.aio()}"
    except Exception as error:
        return type(error).__name__


@env.task
async def ask_in_vain() -> str:
    soon = await flyte.new_condition.aio("soon", timeout=0.1)
    try:
        return f"answered {await soon.wait.aio()}"
    except flyte.errors.ConditionTimedoutError:
        return "nobody answered"
