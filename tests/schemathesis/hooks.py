"""Keeps generated requests from the token that they are sent with: its API ID is in answers, where they find it."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.path_parameters and case.path_parameters.get("api_id") == "admin":
        case.path_parameters["api_id"] = "app"
