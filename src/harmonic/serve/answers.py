"""Refusals as JSON: {code, message, request_id}, and the table of them that the OpenAPI description shows."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from harmonic.serve.refusal import Refusal


class Error(BaseModel):
    """Why there is no result."""

    code: str = Field(description="For programs; stays the same in all versions.", examples=["image_too_large"])
    message: str = Field(description="One line for people.")
    request_id: str | None = Field(description="Names the request in the operator's log.")


_MEANINGS = {
    400: "A field is wrong or unknown.",
    401: "The token is missing or wrong.",
    403: "A page of another site asked.",
    404: "There is nothing here.",
    408: "The request came too slowly.",
    409: "The job has no result.",
    413: "The upload is too large.",
    415: "None of the picture formats that are read.",
    421: "Not a name of this service.",
    422: "The picture is refused: too large, damaged, or of a kind that cannot be restored faithfully.",
    429: "The queue is full; `Retry-After` tells when to try again.",
    503: "The service is shutting down, or out of memory or disk.",
    504: "Not done in time.",
}


def error_answer(refusal: Refusal, request_id: str | None, more: Mapping[str, str] | None = None) -> JSONResponse:
    """more: headers."""
    headers = dict(more or {})
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    content = {"code": refusal.code, "message": refusal.message, "request_id": request_id}
    return JSONResponse(content, refusal.status, headers)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the `responses` of a route."""
    return {status: {"model": Error, "description": _MEANINGS[status]} for status in (*statuses, 401, 403, 421)}
