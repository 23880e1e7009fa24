"""Texts of storage queues in the host's two encodings."""

import base64
import binascii

from local.functions.hostjson import Encoding


def encode(content: bytes, encoding: Encoding) -> str:
    """The text that stands in the queue."""
    match encoding:
        case Encoding.BASE64:
            return base64.b64encode(content).decode("ascii")
        case Encoding.NONE:
            return content.decode()


def decode(text: str, encoding: Encoding) -> bytes:
    """The content of a text that stands in the queue.

    Raises:
        ValueError: It is not base64, though it should be.
    """
    match encoding:
        case Encoding.BASE64:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as problem:
                raise ValueError(
                    "The entry is not base64. Send it encoded, or set extensions.queues.messageEncoding to none."
                ) from problem
        case Encoding.NONE:
            return text.encode()
