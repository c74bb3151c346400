"""Helpers of script/benchmark: Braid beside other engines, measured in turn."""
