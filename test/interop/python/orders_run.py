import connected  # noqa: F401
import flyte
from runs import end  # noqa: F401

import orders


def start(task, given=None, **options):
    return flyte.with_runcontext(**options).run(getattr(orders, task), **(given or {})).name
