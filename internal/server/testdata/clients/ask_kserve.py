"""Asks a service by KServe's client."""

import asyncio

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

from service import address, report, same, texts


async def ask():
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    url = f"http://{address}"
    assert await client.is_server_live(url) and await client.is_server_ready(url) and await client.is_model_ready(url, "default")
    for shape, data in ([len(texts)], texts), ([len(texts), 1], [[t] for t in texts]):
        answer = await client.infer(url, InferRequest("default", [InferInput("text", shape, "BYTES", data)]), model_name="default")
        tag, probability = answer.outputs
        same(tag.data, np.array(probability.data).reshape(probability.shape))


asyncio.run(ask())
report()
