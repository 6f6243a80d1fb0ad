-- What a process has open.
return {
  name = "Open files",
  help = "What a process has open.",
  tips = { "Opened from a process: F2, then Tab. Asked for as long as it is looked at." },
  rows = "records",
  detail = "files",
  filter = 'detail.kind = "files"',
  key = { "proc.pid", "detail.number" },
  label = "detail.name",
  window = 2,
  columns = {
    { "FD", "detail.number", sort = "asc" },
    { "MODE", "detail.value", agg = "last", width = 20 },
    { "FILE", "detail.name", agg = "last", width = "rest" },
  },
}
