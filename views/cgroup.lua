-- Where a process stands in each hierarchy of control groups.
return {
  name = "Cgroup of a process",
  help = "Where a process stands in each hierarchy of control groups.",
  tips = { "Opened from a process: F2, then Tab. Asked for as long as it is looked at." },
  rows = "records",
  detail = "cgroups",
  filter = 'detail.kind = "cgroups"',
  key = { "proc.pid", "detail.number" },
  label = "detail.name",
  window = 2,
  columns = {
    { "CONTROLLERS", "detail.name", agg = "last", width = 24, sort = "asc" },
    { "CGROUP", "detail.value", agg = "last", width = "rest" },
  },
}
