# Apps as the SDK's documentation has them, behind its own middleware: python requests_app.py ENDPOINT. It prints their ports as
# JSON, and ends with its input.
import asyncio
import json
import os
import socket
import sys
import threading

import flyte
import uvicorn
from fastapi import FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from flyte.app.extras import FastAPIPassthroughAuthMiddleware as Passthrough
from flyte.remote import User
from flyte.remote._auth_metadata import get_auth_metadata

EXCLUDED = {"/health", "/open/door"}


def broken(request: Request):
    raise KeyError("no session")


def from_user_token(request: Request):
    token = request.headers.get("x-user-token")
    return ("authorization", f"Bearer {token}") if token else None


def app_with(**options) -> FastAPI:
    app = FastAPI()
    app.add_middleware(Passthrough, excluded_paths=EXCLUDED, **options)

    def sent():
        return {"sent": dict(get_auth_metadata())}

    @app.get("/me")
    async def me():
        user = await User.get.aio()
        return {"subject": user.subject()}

    @app.get("/sent")
    async def read():
        return sent()

    @app.post("/sent")
    async def write():
        return sent()

    @app.get("/health")
    async def health():
        return sent()

    @app.post("/health")
    async def poke():
        return sent()

    @app.get("/health/deep")
    async def deep():
        return sent()

    @app.get("/healthz")
    async def healthz():
        return sent()

    @app.get("/open/door")
    async def door():
        return sent()

    @app.get("/items/{name}")
    async def item(name: str):
        return {**sent(), "name": name}

    @app.websocket("/live")
    async def live(socket: WebSocket):
        await socket.accept()
        await socket.receive_text()
        user = await User.get.aio()
        await socket.send_json({"event": "me", "data": user.subject()})

    return app


def with_cors(app: FastAPI) -> FastAPI:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["https://app.example.com"],
        allow_credentials=True,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization"],
    )
    return app


async def main():
    await flyte.init_passthrough.aio(endpoint=sys.argv[1])
    keys = [
        Passthrough.extract_custom_header("X-Api-Key"),
        broken,
        Passthrough.extract_authorization_header,
        from_user_token,
    ]
    apps = {"plain": app_with(), "keys": app_with(header_extractors=keys), "cors": with_cors(app_with())}
    ports, serving = {}, []
    for name, app in apps.items():
        listening = socket.create_server(("127.0.0.1", 0))
        ports[name] = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        serving.append(server.serve(sockets=[listening]))
    print(json.dumps(ports), flush=True)
    await asyncio.gather(*serving)


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
asyncio.run(main())
