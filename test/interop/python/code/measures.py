# What files.spec.ts runs.
import flyte
import flyte.report
from flyte.io import File

env = flyte.TaskEnvironment(name="measures", image="python:3.12")


@env.task
async def measure(file: File) -> int:
    async with file.open("rb") as opened:
        return len(await opened.read())


@env.task(report=True)
async def told() -> None:
    await flyte.report.replace.aio("<b>all of it</b>")
    await flyte.report.flush.aio()


@env.task
async def untold() -> None:
    pass
