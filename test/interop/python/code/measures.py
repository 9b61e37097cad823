# What files.spec.ts runs. A file is read by the SDK's one way to read what lies at a file:// URI: `file.open()` and
# `file.download()` take that for a path.
import flyte
import flyte.report
from flyte.io import File

env = flyte.TaskEnvironment(name="measures", image="python:3.12")


@env.task
async def measure(file: File) -> int:
    with file.open_sync("rb") as opened:
        return len(opened.read())


@env.task(report=True)
async def told() -> None:
    await flyte.report.replace.aio("<b>all of it</b>")
    await flyte.report.flush.aio()


@env.task
async def untold() -> None:
    pass
