import flyte

env = flyte.TaskEnvironment(name="hello", image=flyte.Image.from_base("python:3.11"))


@env.task
async def greet(name: str = "world", times: int = 1) -> str:
    """Greets somebody.

    A longer text."""
    import helper
    print("greeting", name, flush=True)
    return helper.say(name) * times


@env.task
async def fail(what: str) -> str:
    raise ValueError(what)


@env.task
async def sleep(seconds: float) -> float:
    import asyncio
    print("sleeping", flush=True)
    await asyncio.sleep(seconds)
    return seconds
