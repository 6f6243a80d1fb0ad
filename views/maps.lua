-- What a process has mapped.
return {
  name = "Maps",
  help = "What a process has mapped.",
  tips = { "Opened from a process: F2, then Tab. Asked for as long as it is looked at." },
  rows = "records",
  detail = "maps",
  filter = 'detail.kind = "maps"',
  key = { "proc.pid", "detail.number" },
  label = "detail.name",
  window = 2,
  columns = {
    { "RANGE", "detail.value", agg = "last", width = 32, sort = "asc" },
    { "FILE", "detail.name", agg = "last", width = "rest" },
  },
}
