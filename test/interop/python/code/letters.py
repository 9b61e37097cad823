# Tasks that pass files, and tell people.
import os

import flyte
import flyte.report
from flyte.io import Dir, File

env = flyte.TaskEnvironment(name="letters", image="python:3.12")


@env.task
async def count(file: File) -> int:
    async with file.open("rb") as content:
        return len(await content.read())


@env.task
async def copy(folder: Dir) -> Dir:
    path = await folder.download("copied")
    with open(os.path.join(path, "of.txt"), "w") as more:
        more.write("a copy")
    return await Dir.from_local(path)


@env.task
async def upper(file: File) -> File:
    async with file.open("rb") as content:
        text = bytes(await content.read()).decode().upper()
    with open("upper.txt", "w") as letter:
        letter.write(text)
    return await File.from_local("upper.txt")


@env.task
async def posted(file: File, folder: Dir) -> tuple[int, list[str]]:
    """A file and a folder of the client go to children and come back."""
    loud = await upper(file)
    copied = await copy(folder)
    names = sorted([one.name async for one in copied.walk()])
    async with loud.open("rb") as content:
        text = bytes(await content.read()).decode()
    return await count(loud), [*names, text]


@env.task(report=True)
async def tell(what: str) -> None:
    await flyte.report.replace.aio(f"<b>{what}</b>")
    await flyte.report.flush.aio()


@env.task(report=True)
async def told() -> None:
    await tell("of the child")
    await flyte.report.replace.aio("<b>of the parent</b>")
    await flyte.report.flush.aio()
