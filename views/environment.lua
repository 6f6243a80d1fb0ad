-- The environment that a process was started with.
return {
  name = "Environment",
  help = "The environment that a process was started with.",
  tips = { "Opened from a process: F2, then Tab. Asked for as long as it is looked at." },
  rows = "records",
  detail = "environment",
  filter = 'detail.kind = "environment"',
  key = { "proc.pid", "detail.number" },
  label = "detail.name",
  window = 2,
  columns = {
    { "NAME", "detail.name", agg = "last", width = 30, sort = "asc" },
    { "VALUE", "detail.value", agg = "last", width = "rest" },
  },
}
