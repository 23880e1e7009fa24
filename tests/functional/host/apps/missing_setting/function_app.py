"""Sample app that needs an app setting and a connection."""

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="entry", queue_name="%NOT_SET_ANYWHERE%", connection="AzureWebJobsStorage")
def queued(entry: func.QueueMessage) -> None: ...


@app.timer_trigger(schedule="every day", arg_name="timer")
def timed(timer: func.TimerRequest) -> None: ...
