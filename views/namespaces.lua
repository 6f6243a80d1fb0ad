-- The namespaces of a process.
return {
  name = "Namespaces",
  help = "The namespaces of a process.",
  tips = { "Opened from a process: F2, then Tab. Asked for as long as it is looked at." },
  rows = "records",
  detail = "namespaces",
  filter = 'detail.kind = "namespaces"',
  key = { "proc.pid", "detail.number" },
  label = "detail.name",
  window = 2,
  columns = {
    { "KIND", "detail.name", agg = "last", width = 20, sort = "asc" },
    { "NAMESPACE", "detail.value", agg = "last", width = "rest" },
  },
}
