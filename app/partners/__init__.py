"""Partner hotlines: callers go to them and come from them as two operators have agreed (docs/hotlines.md)."""
