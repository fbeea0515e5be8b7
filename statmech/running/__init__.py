"""How a sweep runs: campaign, executors, tasks one by one, stops, progress, extension, merge."""
