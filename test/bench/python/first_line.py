# The least task of Flyte's Python SDK. It says how much CPU its process has used so far.
import flyte

env = flyte.TaskEnvironment(name="bench")


@env.task
async def first_line() -> str:
    import time

    print("first line", time.process_time(), flush=True)
    return "done"
