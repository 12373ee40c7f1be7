"""The record: what happened, in Postgres. Tables in `models`, reading in `queries`, writing by the recorder."""
