"""Sample app with a trigger that the local host does not serve."""

import azure.functions as func

app = func.FunctionApp()


@app.event_hub_message_trigger(arg_name="event", event_hub_name="hub", connection="HUB")
def from_hub(event: func.EventHubEvent) -> None: ...


@app.blob_trigger(arg_name="content", path="landing/{name}", connection="LANDING")
def scanned(content: func.InputStream) -> None: ...
