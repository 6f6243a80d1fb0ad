-- What is known of a container: its mounts, ports, limits, labels...
return {
  name = "Inspect",
  help = "What its runtime knows of a container: mounts, ports, limits, labels...",
  tips = {
    "Opened from a container: i. Read every few seconds as long as it is looked at.",
    "Of the environment the names are shown, never the values.",
  },
  rows = "records",
  detail = "inspect",
  filter = 'detail.kind = "inspect"',
  key = { "container.number", "detail.section", "detail.name" },
  label = "detail.name",
  window = 12,
  columns = {
    { "NO", "detail.number", agg = "last", width = 3, sort = "asc", priority = 1 },
    { "SECTION", "detail.section", agg = "last", width = 11 },
    { "NAME", "detail.name", agg = "last", width = 26 },
    { "VALUE", "detail.value", agg = "last", width = "rest" },
  },
}
