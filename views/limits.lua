-- The resource limits of a process.
return {
  name = "Limits",
  help = "The resource limits of a process.",
  tips = { "Opened from a process: F2, then Tab. Asked for as long as it is looked at." },
  rows = "records",
  detail = "limits",
  filter = 'detail.kind = "limits"',
  key = { "proc.pid", "detail.number" },
  label = "detail.name",
  window = 2,
  columns = {
    { "LIMIT", "detail.name", agg = "last", width = 26, sort = "asc" },
    { "SOFT, HARD, UNIT", "detail.value", agg = "last", width = "rest" },
  },
}
