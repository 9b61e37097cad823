# As any script would begin: the SDK, with the configuration of the folder that it runs in.
from pathlib import Path

import flyte

flyte.init_from_config("config.yaml", root_dir=Path.cwd())
