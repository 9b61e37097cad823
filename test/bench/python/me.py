# An app that asks Flyte who the caller is, by the official SDK and its middleware: python me.py UPSTREAM
import os
import socket
import sys
import threading
import time
from contextlib import asynccontextmanager

import flyte
import flyte.remote
import uvicorn
from fastapi import FastAPI
from flyte.app.extras import FastAPIPassthroughAuthMiddleware


@asynccontextmanager
async def connected(app: FastAPI):
    await flyte.init_passthrough.aio(endpoint=sys.argv[1])
    yield


app = FastAPI(lifespan=connected)
app.add_middleware(FastAPIPassthroughAuthMiddleware, excluded_paths={"/cpu"})


@app.get("/me")
async def me():
    user = await flyte.remote.User.get.aio()
    return {"subject": user.subject(), "name": user.name()}


@app.get("/cpu")
async def cpu():
    return time.process_time()


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])
