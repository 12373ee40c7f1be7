"""Faults in a run of the demo, and how soon everything was right again (R3)."""
