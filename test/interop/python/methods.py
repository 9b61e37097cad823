# Every method that Flyte's interface has for Python, asked with an empty message by the SDK's own connection.
import asyncio
import importlib
import pkgutil

import connected  # noqa: F401
import flyteidl2
from connectrpc.client import ConnectClient
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo
from connectrpc.protocol import ProtocolType
from flyte._initialize import get_client
from google.protobuf.message_factory import GetMessageClass


def methods():
    for module in pkgutil.walk_packages(flyteidl2.__path__, "flyteidl2."):
        if module.name.endswith("_connect"):
            messages = importlib.import_module(module.name.removesuffix("_connect") + "_pb2")
            for service in messages.DESCRIPTOR.services_by_name.values():
                yield from service.methods


async def answer(client, method):
    """What is said first: a code and a message, or that it is served."""
    given = GetMessageClass(method.input_type)
    info = MethodInfo(
        name=method.name,
        service_name=method.containing_service.full_name,
        input=given,
        output=GetMessageClass(method.output_type),
        idempotency_level=IdempotencyLevel.UNKNOWN,
    )

    async def messages():
        yield given()

    try:
        if not method.server_streaming and not method.client_streaming:
            await client.execute_unary(request=given(), method=info)
        elif not method.client_streaming:
            async with asyncio.timeout(5):  # what is served may have nothing to say
                async for _ in client.execute_server_stream(request=given(), method=info):
                    break
        elif not method.server_streaming:
            await client.execute_client_stream(request=messages(), method=info)
        else:
            async for _ in client.execute_bidi_stream(request=messages(), method=info):
                break
        return {"code": "ok", "message": ""}
    except TimeoutError:
        return {"code": "ok", "message": ""}
    except ConnectError as error:
        return {"code": error.code.value, "message": error.message}


async def all_answers(protocol):
    client = ConnectClient(**get_client()._session_config.connect_kwargs(), protocol=ProtocolType[protocol])
    return {f"{one.containing_service.full_name}/{one.name}": await answer(client, one) for one in methods()}


def answers(protocol):
    return asyncio.run(all_answers(protocol))
