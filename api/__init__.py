"""The edge: Sanic blueprints, guards, problem+json, OpenAPI. No tables, no Redis, no rules."""
