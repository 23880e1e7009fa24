"""Sample app that the worker refuses to index."""

import azure.functions as func

app = func.FunctionApp()


@app.route("x")
def lacks_a_parameter() -> str:
    return ""
