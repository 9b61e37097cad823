# Tasks that record their steps.
import flyte
import flyte.errors
from diary import note

env = flyte.TaskEnvironment(name="steps", image="python:3.12")


@flyte.trace
async def write_note(text: str) -> str:
    note(text)
    return f"note: {text}"


@flyte.trace
def write_plain(number: int) -> dict[str, int]:
    note(str(number))
    return {"number": number}


@env.task(retries=2)
async def noted(text: str) -> str:
    """Takes steps, and fails after them once."""
    with flyte.group("evening"):
        first = await write_note(text)
    again = await write_note(text)
    plain = write_plain(7)
    if flyte.ctx().attempt_number == 0:
        raise RuntimeError("once more")
    return f"{first}, {again}, {plain}"


@flyte.trace
async def hopeless(text: str) -> str:
    note(text)
    raise flyte.errors.NonRecoverableError(f"no {text}", "Hopeless")


@flyte.trace
async def unsteady(text: str) -> str:
    note(f"{text} {flyte.ctx().attempt_number}")
    if flyte.ctx().attempt_number == 0:
        raise ConnectionError("not now")
    return f"{text} {flyte.ctx().attempt_number}"


@env.task(retries=3)
async def mended() -> str:
    """A step that another attempt mends, and that no further one takes again."""
    text = await unsteady("of")
    if flyte.ctx().attempt_number < 3:
        raise RuntimeError("once more")
    return text


@env.task(retries=2)
async def never() -> str:
    """A step that nothing mends: the second attempt is told so."""
    try:
        return await hopeless("way")
    except flyte.errors.RuntimeUserError as error:
        if flyte.ctx().attempt_number == 0:
            raise RuntimeError("once more") from error
        return f"{type(error).__name__} {error.code}: {error}"
