# The SDK's command `flyte`, which ends as soon as it is done. As the interpreter would end, threads of the SDK's HTTP client (in
# Rust) that still hold on to it may abort the process, now and then, after all was said.
import os
import sys

# Modules beside this are no user's.
sys.path[0] = os.path.dirname(sys.executable)

from flyte.cli.main import main  # noqa: E402

try:
    main(prog_name="flyte")
    code = 0
except SystemExit as end:
    code = end.code if isinstance(end.code, int) else int(end.code is not None)
except BaseException:
    sys.excepthook(*sys.exc_info())
    code = 1
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
