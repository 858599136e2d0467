"""The OpenAPI document of the module's REST API, from the declarations of its commands."""
