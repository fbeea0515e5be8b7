"""The tests of the atlas: do measured networks follow the load and temperature of the simulated students?

One test per file, on plain arrays with seeds (independent networks) as the sampling unit: `load`, `knobs`, `order`,
`added_value`, `slow`, `thermometer`.  The experiment and what was predicted: docs/atlas.md and
data/atlas/predictions.json.
"""
