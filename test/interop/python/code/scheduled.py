# A task with triggers, as a user writes it.
from datetime import datetime

import flyte

env = flyte.TaskEnvironment(name="scheduled", image="python:3.12")

nightly = flyte.Trigger(
    name="nightly",
    automation=flyte.Cron("30 2 * * *", timezone="Europe/Zurich"),
    description="What happened since yesterday",
    inputs={"due": flyte.TriggerTime, "city": "Zurich"},
    env_vars={"PAPER": "A4"},
)
often = flyte.Trigger(name="often", automation=flyte.FixedRate(90), auto_activate=False, inputs={"city": "Bern"})


@env.task(triggers=(nightly, often))
async def report(city: str, due: datetime | None = None, copies: int = 2) -> str:
    import os

    started = flyte.ctx().run_start_time
    return f"{city} x{copies} for {due and due.isoformat()}, started {started.isoformat()}, on {os.environ.get('PAPER')}"
