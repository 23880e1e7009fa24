"""Sample app whose host.json sets every limit low."""

import asyncio
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("hold/{seconds}")
async def hold(req: func.HttpRequest) -> str:
    await asyncio.sleep(float(req.route_params["seconds"]))
    return "held"


@app.route("block/{seconds}")
def block(req: func.HttpRequest) -> str:
    time.sleep(float(req.route_params["seconds"]))
    return "blocked"


@app.route("size", methods=["POST"])
async def size(req: func.HttpRequest) -> str:
    return str(len(req.get_body()))
