"""Requests and answers, as pydantic models, with examples for the OpenAPI description."""
